/**
 * Tokens of links that need no account: each names a thing, and has 128 bits that are made with a key of the installation, so nothing of it is kept, and
 * whoever asks for the link again gets the same one. A link ends when its thing says so, or gets the next one.
 *
 *     const { tokenOf, read } = assetLinks(keys.hmac);
 *     read(tokenOf(assetId, 0))?.isLink(0)  // true
 */
import { timingSafeEqual } from 'node:crypto';

/** What a token says, before anybody knows whether it is good. */
export interface ReadToken {
  /** The id of the thing. */
  id: string;
  /** True where it is the thing's link of this number. */
  isLink(link: number): boolean;
}

export interface LinkTokens {
  /** The token of a thing's link of a number: 43 characters of base64url. */
  tokenOf(id: string, link: number): string;
  /** What a token says; null for a text that is none. */
  read(token: string): ReadToken | null;
}

/** Keyed hash of the installation: a text as hexadecimal digits, 16 bytes at least. */
type Hmac = (text: string) => string;

/** Bytes of the id, and as many of the proof. */
const BYTES = 16;

/** The tokens of one kind of links; one of another kind is none of these. */
function linkTokens(kind: string, hmac: Hmac): LinkTokens {
  const proofOf = (id: string, link: number) => Buffer.from(hmac(`${kind}:${id}:${link}`), 'hex').subarray(0, BYTES);
  return {
    tokenOf: (id, link) => Buffer.concat([Buffer.from(id.replaceAll('-', ''), 'hex'), proofOf(id, link)]).toString('base64url'),
    read: (token) => {
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length !== 2 * BYTES || bytes.toString('base64url') !== token) return null;
      const id = bytes.toString('hex', 0, BYTES).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      return { id, isLink: (link) => timingSafeEqual(bytes.subarray(BYTES), proofOf(id, link)) };
    },
  };
}

/** Links on the labels of assets: whoever has one learns the asset's name and place, and reports a fault there. */
export function assetLinks(hmac: Hmac): LinkTokens {
  return linkTokens('asset-link', hmac);
}

/** Links by which whoever filed something without an account sees how it goes. Each thing has one, the number 0. */
export function trackingLinks(hmac: Hmac): LinkTokens {
  return linkTokens('tracking-link', hmac);
}
