/** Signing in by OpenID Connect: its parts together, where an issuer is set. */
import type { AbsencesLog } from '../../../platform/absences/absences.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { AccountsOptions } from './accounts.ts';
import { type Browsers, openBrowsers } from './browser.ts';
import { type Issuer, openIssuer } from './issuer.ts';
import type { OidcSettings } from './settings.ts';
import { openSignInCodes, type SignInCodes } from './sign-in-codes.ts';

export interface Oidc {
  settings: OidcSettings;
  /** The address of the pages. */
  publicUrl(): string;
  browsers: Browsers;
  issuer: Issuer;
  signIns: SignInCodes;
  accounts: AccountsOptions;
  log: AccountsOptions['log'] & AbsencesLog;
}

export interface OidcOptions {
  settings: OidcSettings;
  publicUrl(): string;
  secrets: Secrets;
  hmac(text: string): string;
  log: Oidc['log'];
  now(): Date;
  clock?: (() => number) | undefined;
  accounts: Omit<AccountsOptions, 'settings' | 'log' | 'now'>;
}

/** The path to which the issuer sends browsers back, below the address of the pages. */
export const CALLBACK = '/api/oidc/callback';

export function openOidc({ settings, publicUrl, secrets, hmac, log, now, clock, accounts }: OidcOptions): Oidc {
  return {
    settings,
    publicUrl,
    log,
    browsers: openBrowsers({ hmac, now, publicUrl }),
    issuer: openIssuer(settings, { callback: () => `${publicUrl()}${CALLBACK}`, log, now, clock }),
    signIns: openSignInCodes({ secrets, now }),
    accounts: { ...accounts, settings, log, now },
  };
}
