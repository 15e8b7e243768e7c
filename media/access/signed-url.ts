/**
 * The URL at which one user fetches one file for a while: its path and parameters, signed under a key of the installation.
 *
 *     const path = signedPath({ id, size: '320', disposition: 'inline', user, session, expires: expiryAfter(now) }, key);
 *     const grant = grantOf(readPath(path), key);
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { PICTURE_SIZES } from '../../contracts/media.ts';

/** What can be asked for of a file: a size of a picture, or the file itself. */
export const SERVED_SIZES = [...PICTURE_SIZES, 'original'] as const;
export type ServedSize = (typeof SERVED_SIZES)[number];
export const DISPOSITIONS = ['inline', 'attachment'] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/** The right that a URL gives. */
export interface UrlGrant {
  id: string;
  size: ServedSize;
  disposition: Disposition;
  user: string;
  /** The session that it ends with; null for a link in a mail. */
  session: string | null;
  /** Its end in seconds since 1970. */
  expires: number;
}

/** A key of the installation that signs URLs. */
export interface UrlKey {
  id: string;
  secret: string;
}

/** A parameter as it was signed. What cannot have been signed here, as one that is given twice, is the empty text, which nothing was signed for. */
const signed = (schema: z.ZodType<string>, description: string) => schema.optional().catch('').meta({ description });

/**
 * The query of a URL of a file. A public file needs none. It refuses nothing: what is forged is told from what is good by its signature alone, and is
 * answered the same however it was changed. Others put parameters of theirs behind an address, which are left alone.
 */
export const urlQuery = z.looseObject({
  disposition: signed(z.enum(DISPOSITIONS), 'Shown, or saved.') as z.ZodType<Disposition | '' | undefined>,
  user: signed(z.string(), 'The user for whom it was signed.'),
  session: signed(z.string(), 'The session that it ends with.'),
  expires: signed(z.string().regex(/^\d{1,12}$/), 'Its end, in seconds since 1970.'),
  key: signed(z.string(), 'The key that signed it.'),
  signature: signed(z.string(), 'HMAC-SHA256 over all of it.'),
});
export type UrlQuery = z.output<typeof urlQuery>;

/** Seconds between two ends: all URLs that are made within a step have the same one, so that the browser's cache knows them again. */
const STEP = 5 * 60;
/** The most seconds for which a URL of a session is good. */
export const MOST_SECONDS = 15 * 60;

/** The end of a URL that is made now: 10 to 15 minutes later. `now`: milliseconds since 1970; answers seconds. */
export function expiryAfter(now: number): number {
  return Math.ceil((now / 1_000 + MOST_SECONDS - STEP) / STEP) * STEP;
}

/** The path and query of a URL for this grant. */
export function signedPath(grant: UrlGrant, key: UrlKey): string {
  const { id, size, disposition, user, session, expires } = grant;
  const parameters = { disposition, user, ...(session === null ? {} : { session }), expires: String(expires), key: key.id };
  return `${pathOf(id, size)}?${new URLSearchParams({ ...parameters, signature: signature(grant, key) })}`;
}

/** The path of a file, without a query: of a public one, the whole URL. */
export function pathOf(id: string, size: ServedSize): string {
  return `/media/${id}/${size}`;
}

/** The grant that a query names for a file, whether or not its signature is good; undefined where the query is not whole. */
export function grantNamed(id: string, size: ServedSize, query: UrlQuery): UrlGrant | undefined {
  const { disposition, user, session, expires } = query;
  if (!disposition || !user || !expires) return undefined;
  return { id, size, disposition, user, session: session ?? null, expires: Number(expires) };
}

/** True where this key signed the grant. */
export function isSigned(grant: UrlGrant, given: string | undefined, key: UrlKey): boolean {
  const [expected, actual] = [Buffer.from(signature(grant, key)), Buffer.from(given ?? '')];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function signature({ id, size, disposition, user, session, expires }: UrlGrant, { id: key, secret }: UrlKey): string {
  const text = JSON.stringify(['media-url', key, id, size, disposition, user, session, expires]);
  return createHmac('sha256', Buffer.from(secret, 'base64url')).update(text).digest('base64url');
}
