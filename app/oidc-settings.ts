/** The variables of signing in by OpenID Connect: what of them is wrong together, and the settings that they make. */
import type { OidcSettings } from '../gateway/identity/oidc/settings.ts';
import type { Config } from './config.ts';

/** Variables that say nothing without an issuer; they are not overlooked, since whoever sets them takes something for done. */
const OF_AN_ISSUER = ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET', 'OIDC_ROLE_CLAIM', 'OIDC_ROLES', 'OIDC_ONLY', 'OIDC_AUTH_TIME'];

/** What some of them say where nobody sets them: it asks for nothing. */
const AS_USUAL = ['0', 'strict'];

/** The problems of these variables that are wrong only together with others. */
export function oidcWrongTogether({ OIDC_ISSUER, ...given }: Readonly<Record<string, string | undefined>>): string[] {
  if (!OIDC_ISSUER)
    return OF_AN_ISSUER.filter((name) => given[name] && !AS_USUAL.includes(given[name])).map(
      (name) => `${name} is for OIDC_ISSUER, which must be set with it`,
    );
  return [
    ...(given.OIDC_CLIENT_ID ? [] : ['OIDC_CLIENT_ID must be set with OIDC_ISSUER']),
    ...(Boolean(given.OIDC_ROLES) === Boolean(given.OIDC_ROLE_CLAIM) ? [] : ['OIDC_ROLE_CLAIM and OIDC_ROLES must be set together']),
  ];
}

/** The settings; undefined where no issuer is set. */
export function oidcSettings(config: Config): OidcSettings | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret, OIDC_SCOPES: scopes, OIDC_ONLY: only } = config;
  if (issuer === undefined || clientId === undefined) return undefined;
  const { OIDC_NAME: name = new URL(issuer).hostname, OIDC_ROLE_CLAIM: roleClaim, OIDC_ROLES: roles = [], OIDC_AUTH_TIME: authTime } = config;
  return { issuer, clientId, clientSecret, name, scopes, roleClaim, roles, only, authTime };
}
