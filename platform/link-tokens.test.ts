import { createHmac, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assetLinks, trackingLinks } from './link-tokens.ts';

const linksWith = (key: string) => assetLinks((text) => createHmac('sha256', key).update(text).digest('hex'));
const links = linksWith('a');

describe('the link of an asset', () => {
  it('is read again, and is that of its number alone', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.nat(), fc.nat(), (asset, one, other) => {
        const read = links.read(links.tokenOf(asset, one));
        expect([read?.id, read?.isLink(one), read?.isLink(other)]).toEqual([asset, true, one === other]);
      }),
    );
  });
  it('is no other asset’s, and no other installation’s', () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const proof = Buffer.from(links.tokenOf(one, 0), 'base64url').subarray(16);
    const forged = Buffer.concat([Buffer.from(other.replaceAll('-', ''), 'hex'), proof]).toString('base64url');
    expect(links.read(forged)?.isLink(0)).toBe(false);
    expect(linksWith('b').read(links.tokenOf(one, 0))?.isLink(0)).toBe(false);
  });
  it('is no link of another kind', () => {
    const id = randomUUID();
    const tracking = trackingLinks((text) => createHmac('sha256', 'a').update(text).digest('hex'));
    expect([links.read(tracking.tokenOf(id, 0))?.isLink(0), tracking.read(tracking.tokenOf(id, 0))?.isLink(0)]).toEqual([false, true]);
  });
  it('is none where it was cut, lengthened or spelt otherwise', () => {
    const token = links.tokenOf(randomUUID(), 0);
    for (const text of ['', token.slice(1), `${token}A`, `${token}=`, ` ${token}`, 'x'.repeat(43)]) expect(links.read(text)).toBeNull();
  });
});
