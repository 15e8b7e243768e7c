/** An installation whose people sign in at a real issuer. */
import { type Installation, openInstallation } from '../identity.fixture.ts';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';

export interface WithIssuer {
  here: Installation;
  issuer: TestIssuer;
  close(): Promise<unknown>;
}

/** Starts an issuer and an installation that know each other. `more`: further options of the installation. */
export async function openWithIssuer(more: Parameters<typeof openInstallation>[0] = {}): Promise<WithIssuer> {
  const issuer = await startIssuer();
  const here = await openInstallation({ oidc: issuer.settings(), ...more });
  issuer.serve(`${here.url}/api/oidc/callback`);
  return { here, issuer, close: () => Promise.all([here.close(), issuer.close()]) };
}
