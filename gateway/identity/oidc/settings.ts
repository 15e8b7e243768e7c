/** The settings of signing in by OpenID Connect, as an operator writes them. */
import { ROLES, type Role } from '../../../contracts/role.ts';

/** The issuer at which people sign in, and what it says of their roles here. */
export interface OidcSettings {
  /** The issuer's URL, below which its metadata is. */
  issuer: string;
  clientId: string;
  /** Missing for a public client. */
  clientSecret?: string | undefined;
  /** The issuer's name, as people know it. */
  name: string;
  /** The scopes asked for, with blanks between. */
  scopes: string;
  /** The claim that says which role somebody has: its name, or the way to it with dots between. Missing: no claim does. */
  roleClaim?: string | undefined;
  /** The roles that values of the claim stand for; the first that somebody has counts. */
  roles: readonly RoleOfValue[];
  /** True where nobody logs in with a password. */
  only: boolean;
  /**
   * What counts as a fresh login where the issuer does not say when somebody signed in: nothing (`strict`), or a sign-in that was begun to show anew who
   * they are (`trust`).
   */
  authTime: 'strict' | 'trust';
}

/** A value of the role claim, and the role that it stands for. */
export interface RoleOfValue {
  value: string;
  role: Role;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** The reason why a text is no issuer's URL; undefined for a good one. */
export function issuerProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url && isSafe && !url.search && !url.hash && !url.username) return undefined;
  return 'must be the https: URL of an issuer (http: on this machine alone), without a query';
}

/** The reason why a text is no list of scopes; undefined for a good one. */
export function scopesProblem(text: string): string | undefined {
  const scopes = text.split(' ');
  if (scopes.includes('openid') && scopes.every((scope) => /^[!#-[\]-~]+$/.test(scope))) return undefined;
  return 'must be scopes with one blank between, openid among them';
}

/** The reason why a text does not say which values stand for which roles; undefined for a good one. */
export function rolesProblem(text: string): string | undefined {
  const wrong = text.split(',').find((one) => roleOfValue(one) === undefined);
  return wrong === undefined ? undefined : `must be like staff-group:staff,guards:security, with the roles ${ROLES.join(', ')}`;
}

/** Reads `value:role,…`. A value may hold colons: the last one counts. */
export function rolesOf(text: string): RoleOfValue[] {
  return text.split(',').flatMap((one) => roleOfValue(one) ?? []);
}

function roleOfValue(text: string): RoleOfValue | undefined {
  const [, value, name] = /^\s*(\S.*?)\s*:\s*([a-z-]+)\s*$/.exec(text) ?? [];
  const role = ROLES.find((one) => one === name);
  return value && role ? { value, role } : undefined;
}
