/**
 * Links on the labels of assets: whoever has one learns the asset's name and place, without an account. The token names the asset and has 128 bits that
 * are made with a key of the installation, so nothing of it is kept. A link ends when the asset gets the next one, or is retired.
 *
 *     const { tokenOf, read } = assetLinks(keys.hmac);
 *     read(tokenOf(assetId, 0))?.isLink(0)  // true
 */
import { timingSafeEqual } from 'node:crypto';

/** The place of the page of a link; the token follows. It stands on labels that last for years, so it stays. */
export const LINK_PAGE = '/fault';

/** What a token says, before anybody knows whether it is good. */
export interface ReadToken {
  asset: string;
  /** True where it is the asset's link of this number. */
  isLink(link: number): boolean;
}

export interface AssetLinks {
  /** The token of an asset's link of a number: 43 characters of base64url. */
  tokenOf(asset: string, link: number): string;
  /** What a token says; null for a text that is none. */
  read(token: string): ReadToken | null;
}

/** Bytes of the id, and as many of the proof. */
const BYTES = 16;

export function assetLinks(hmac: (text: string) => string): AssetLinks {
  const proofOf = (asset: string, link: number) => Buffer.from(hmac(`asset-link:${asset}:${link}`), 'hex').subarray(0, BYTES);
  return {
    tokenOf: (asset, link) => Buffer.concat([Buffer.from(asset.replaceAll('-', ''), 'hex'), proofOf(asset, link)]).toString('base64url'),
    read: (token) => {
      const bytes = Buffer.from(token, 'base64url');
      if (bytes.length !== 2 * BYTES || bytes.toString('base64url') !== token) return null;
      const asset = bytes.toString('hex', 0, BYTES).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      return { asset, isLink: (link) => timingSafeEqual(bytes.subarray(BYTES), proofOf(asset, link)) };
    },
  };
}
