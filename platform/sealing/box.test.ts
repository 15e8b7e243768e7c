import { createSecretKey, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { openBox, sealBox } from './box.ts';
import { keepSealed, sealedLately } from './sealed-lately.ts';

const newKey = () => createSecretKey(randomBytes(32));
const [key, other] = [newKey(), newKey()];
const values = fc.array(fc.jsonValue());

describe('a box', () => {
  it('opens with its key and what it is bound to, and gives back what was put into it', () => {
    fc.assert(
      fc.property(values, fc.string(), (its, bound) => {
        expect(openBox(sealBox(its, key, bound), key, bound)).toEqual(JSON.parse(JSON.stringify(its)));
      }),
    );
  });

  it('does not open with another key, bound to anything else, or once any of its bytes was changed', () => {
    fc.assert(
      fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), (its, place, by) => {
        const box = sealBox(its, key, 'one');
        expect(() => openBox(box, other, 'one')).toThrow();
        expect(() => openBox(box, key, 'another')).toThrow();
        const bytes = Buffer.from(box, 'base64url');
        bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ by;
        expect(() => openBox(bytes.toString('base64url'), key, 'one')).toThrow();
      }),
    );
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => sealBox(['the same'], key, 'one'))).size).toBe(1_000);
  });
});

describe('what was sealed lately', () => {
  it('is found by its box with its key alone, and what it is bound to', () => {
    keepSealed('a box', { key, bound: 'one', json: '["Lamp"]' });
    expect(sealedLately('a box', key, 'one')).toEqual(['Lamp']);
    expect(sealedLately('a box', createSecretKey(key.export()), 'one')).toEqual(['Lamp']);
    expect(sealedLately('a box', other, 'one')).toBeUndefined();
    expect(sealedLately('a box', key, 'another')).toBeUndefined();
    expect(sealedLately('another box', key, 'one')).toBeUndefined();
  });

  it('is forgotten when keys are', async () => {
    keepSealed('a box of now', { key, bound: 'one', json: '["Lamp"]' });
    await vi.waitFor(() => expect(sealedLately('a box of now', key, 'one')).toBeUndefined());
  });

  it('is somebody’s own copy each time', () => {
    keepSealed('a box', { key, bound: 'one', json: '[{"name":"Lamp"}]' });
    expect(sealedLately('a box', key, 'one')).not.toBe(sealedLately('a box', key, 'one'));
  });
});
