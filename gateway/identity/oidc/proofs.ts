/**
 * When somebody showed to the issuer who they are. OpenID Connect obliges an issuer to say so where it is asked (Core 1.0, 2 and 3.1.2.1); of one that
 * does not, the operator is told once, who may have it say so, or take its word without.
 */
import type { OidcSettings } from './settings.ts';
import type { SignedIn } from './signed-in.ts';

export interface ProofsLog {
  warn(data: object, message: string): void;
}

/** The parameter `claims` of a request (OpenID Connect Core 1.0, 5.5) that asks for the time. */
export const AUTH_TIME = JSON.stringify({ id_token: { auth_time: { essential: true } } });

export interface Proofs {
  /**
   * Somebody who signed in just now, with when they showed who they are. `again`: the sign-in was begun to show it anew; where the issuer is trusted in that
   * and says no time, it is now.
   */
  of(who: SignedIn, again: boolean): SignedIn;
}

export function openProofs({ authTime, issuer }: Pick<OidcSettings, 'authTime' | 'issuer'>, { log, now }: { log: ProofsLog; now(): Date }): Proofs {
  let isTold = false;

  function tell(): void {
    if (isTold) return;
    isTold = true;
    log.warn(
      { issuer },
      'the issuer did not say when somebody signed in there (auth_time), though it was asked to: their sign-in is no fresh login. Have it add that claim to ID tokens; or, where it cannot, set OIDC_AUTH_TIME=trust',
    );
  }

  return {
    of: (who, again) => {
      if (who.provedAt !== null || !again) return who;
      if (authTime === 'trust') return { ...who, provedAt: now().toISOString() };
      tell();
      return who;
    },
  };
}
