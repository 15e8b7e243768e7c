/** Somebody who has signed in at the issuer, as its claims say. */
import type { Role } from '../../../contracts/role.ts';
import { isSeen, withoutUnseen } from '../../../contracts/typed-text.ts';
import type { OidcSettings } from './settings.ts';

/** Who somebody is says `issuer` and `subject` together; everything else may change. */
export interface SignedIn {
  issuer: string;
  subject: string;
  /** The address, as the issuer has it; null where it says none. */
  email: string | null;
  /** True where the issuer says that it has verified that very address. */
  verified: boolean;
  /** The name; null where the issuer says none that is a line of text. */
  name: string | null;
  /** The role that the claim says; null where it says none. Undefined where no claim is asked. */
  role?: Role | null | undefined;
  /** When they showed to the issuer who they are (ISO 8601); null where it does not say. */
  provedAt: string | null;
}

type Claims = Readonly<Record<string, unknown>>;

/** Makes out who signed in. `idToken` and `userInfo` are of one subject; an address counts as verified where the claims that name it say so. */
export function signedInOf(idToken: Claims & { iss: string; sub: string }, userInfo: Claims, settings: OidcSettings): SignedIn {
  const both = [idToken, userInfo];
  const email = both.map((claims) => text(claims.email)).find(Boolean) ?? null;
  return {
    issuer: idToken.iss,
    subject: idToken.sub,
    email,
    verified: email !== null && both.some((claims) => claims.email === email && claims.email_verified === true),
    name: nameIn(both),
    ...(settings.roleClaim === undefined ? {} : { role: roleIn(both, settings.roleClaim, settings) }),
    provedAt: timeOf(idToken.auth_time),
  };
}

/** True where the claims leave open what is asked for, so that the issuer's user info is worth a question. */
export function leavesOpen(idToken: Claims, { roleClaim }: OidcSettings): boolean {
  return text(idToken.email) === null || nameIn([idToken]) === null || (roleClaim !== undefined && valuesAt(idToken, roleClaim) === undefined);
}

function nameIn(all: readonly Claims[]): string | null {
  for (const claim of ['name', 'preferred_username'] as const) {
    const found = all.map((claims) => lineOf(claims[claim])).find(Boolean);
    if (found) return found;
  }
  return null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A text as one line of at most 100 characters; null where nothing of it is left. */
function lineOf(value: unknown): string | null {
  const words = withoutUnseen(text(value)?.toWellFormed() ?? '')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
  const line = [...words].slice(0, 100).join('').trim();
  return isSeen(line) ? line : null;
}

function roleIn(all: readonly Claims[], claim: string, { roles }: OidcSettings): Role | null {
  const values = all.map((claims) => valuesAt(claims, claim)).find((found) => found !== undefined) ?? [];
  return roles.find(({ value }) => values.includes(value))?.role ?? null;
}

/** The texts of a claim, by its name, or else by the way to it, as `realm_access.roles`; undefined where it is missing. */
function valuesAt(claims: Claims, claim: string): string[] | undefined {
  const found = Object.hasOwn(claims, claim) ? claims[claim] : claim.split('.').reduce<unknown>(within, claims);
  if (found === undefined || found === null) return undefined;
  return (Array.isArray(found) ? found : [found]).filter((value) => typeof value === 'string');
}

function within(claims: unknown, name: string): unknown {
  return typeof claims === 'object' && claims !== null && Object.hasOwn(claims, name) ? (claims as Claims)[name] : undefined;
}

function timeOf(seconds: unknown): string | null {
  const time = typeof seconds === 'number' ? new Date(seconds * 1_000) : undefined;
  return time && !Number.isNaN(time.getTime()) ? time.toISOString() : null;
}
