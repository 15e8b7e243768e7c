import { parseOptions } from '@node-rs/argon2';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPasswords } from './passwords.ts';

describe('passwords', () => {
  it('are hashed with argon2id at the cost OWASP names, each with a salt of its own', async () => {
    const passwords = await openPasswords();
    const [one, two] = [await passwords.hash('correct horse battery'), await passwords.hash('correct horse battery')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(parseOptions(one)).toMatchObject({ saltLen: 16, outputLen: 32 });
    expect(one).not.toBe(two);
  });

  it('are verified: only the same one is right, of any characters', async () => {
    const passwords = await openPasswords();
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme', minLength: 1 }), async (right, other) => {
        const hash = await passwords.hash(right);
        expect(await passwords.verify(hash, right)).toBe(true);
        expect(await passwords.verify(hash, other)).toBe(right.normalize('NFKC') === other.normalize('NFKC'));
      }),
      { numRuns: 10 },
    );
  });

  it('are the same however their accents were typed', async () => {
    const passwords = await openPasswords();
    expect(await passwords.verify(await passwords.hash('caf\u00e9 au lait'), 'cafe\u0301 au lait')).toBe(true);
  });

  it('of an account that is not there are wrong, whatever they are, and are hashed all the same', async () => {
    const passwords = await openPasswords({ running: 1, waiting: 0 });
    const busy = passwords.verify(null, 'no account has this');
    await expect(passwords.verify(null, 'x')).rejects.toMatchObject({ code: 'unavailable' });
    expect(await busy).toBe(false);
  });

  it('are hashed a few at once; who would wait too long is told to come again, and the rest is served', async () => {
    const passwords = await openPasswords({ running: 2, waiting: 3 });
    const results = await Promise.allSettled(Array.from({ length: 8 }, (_, n) => passwords.hash(`password ${n}`)));
    expect(results.map((one) => one.status)).toEqual([...Array(5).fill('fulfilled'), ...Array(3).fill('rejected')]);
    const refused = results[7] as PromiseRejectedResult;
    expect(refused.reason).toMatchObject({ code: 'unavailable', status: 503, headers: { 'Retry-After': expect.stringMatching(/^\d+$/) } });
    await expect(passwords.hash('again')).resolves.toBeTypeOf('string');
  });

  it('of ninety who log in rightly from one network leave another network its turn, soon', async () => {
    const passwords = await openPasswords({ running: 1, waiting: 20 });
    const kept = await passwords.hash('correct horse battery');
    const done: string[] = [];
    const crowd = Array.from({ length: 90 }, () =>
      passwords.verify(kept, 'correct horse battery', { key: 'crowd', known: false }).then(
        () => done.push('crowd'),
        (error) => expect(error).toMatchObject({ code: 'limited', status: 429 }),
      ),
    );
    await passwords.verify(kept, 'correct horse battery', { key: 'home', known: false });
    expect(done.length).toBeLessThanOrEqual(3);
    await Promise.all(crowd);
    expect(done).toHaveLength(20);
  });

  it('give their place free when a hash cannot be read', async () => {
    const passwords = await openPasswords({ running: 1, waiting: 0 });
    await expect(passwords.verify('no hash', 'x')).rejects.toThrow();
    await expect(passwords.hash('x')).resolves.toBeTypeOf('string');
  });
});
