/** The suite that every implementation of the secrets' port must pass. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretRecord, Secrets } from './secrets.ts';

export interface SecretsUnderTest {
  secrets: Secrets;
  /** Moves the store's clock. */
  advance(milliseconds: number): void;
  /** The time of the store's clock, ISO 8601. */
  now(): string;
  /** Closes and opens the same store. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const later = (from: string, milliseconds: number) => new Date(Date.parse(from) + milliseconds).toISOString();

/** Runs the suite; `open` opens an empty store. */
export function secretsSuite(name: string, open: () => Promise<SecretsUnderTest>): void {
  describe(`secrets in ${name}`, () => {
    let it_: SecretsUnderTest;
    beforeEach(async () => {
      it_ = await open();
    });
    afterEach(() => it_.close());

    it('gives back what was put, with version, owner and end, also after it was opened again', async () => {
      const expires = later(it_.now(), 60_000);
      expect(await it_.secrets.get('keys', 'a')).toBeNull();
      expect(await it_.secrets.put('keys', { key: 'a', value: { n: [1, 'ü'] }, owner: 'me', expires })).toBe(true);
      await it_.reopen();
      expect(await it_.secrets.get('keys', 'a')).toEqual({ key: 'a', value: { n: [1, 'ü'] }, version: 1, owner: 'me', expires });
    });

    it('does not give back again what it once called expired, though the clock is set back', async () => {
      for (const key of ['asked', 'in time']) await it_.secrets.put('codes', { key, value: 1, owner: 'me', expires: later(it_.now(), 60_000) });
      it_.advance(60_000);
      expect(await it_.secrets.get('codes', 'asked')).toBeNull();
      it_.advance(-3_600_000);
      expect(await it_.secrets.get('codes', 'asked')).toBeNull();
      expect(await it_.secrets.put('codes', { key: 'asked', value: 2, owner: 'me' }, 0)).toBe(true);
      expect(await it_.secrets.get('codes', 'in time')).not.toBeNull();
    });

    it('keeps kinds apart', async () => {
      await it_.secrets.put('keys', { key: 'a', value: 1, owner: 'me' });
      expect(await it_.secrets.get('codes', 'a')).toBeNull();
      expect(await it_.secrets.list('codes', 'me')).toEqual([]);
      await it_.secrets.delete('codes', 'a');
      expect((await it_.secrets.get('keys', 'a'))?.value).toBe(1);
    });

    it('puts at a version only while the record is at it', async () => {
      const put = (value: number, version?: number) => it_.secrets.put('keys', { key: 'a', value, owner: 'me' }, version);
      expect(await put(1, 1)).toBe(false);
      expect(await put(1, 0)).toBe(true);
      expect(await put(2, 0)).toBe(false);
      expect(await put(2, 1)).toBe(true);
      expect(await put(3, 1)).toBe(false);
      expect(await put(3)).toBe(true);
      expect(await it_.secrets.get('keys', 'a')).toMatchObject({ value: 3, version: 3 });
      await it_.secrets.delete('keys', 'a');
      await it_.secrets.delete('keys', 'a');
      expect(await put(4, 3)).toBe(false);
      expect(await put(4, 0)).toBe(true);
    });

    it('lists by owner, in the order of keys, and follows a change of owner', async () => {
      for (const [key, owner] of ['b:me', 'a:me', 'c:you'].map((text) => text.split(':')))
        await it_.secrets.put('sessions', { key: `${key}`, value: key, owner: `${owner}` });
      expect((await it_.secrets.list('sessions', 'me')).map((one) => one.key)).toEqual(['a', 'b']);
      await it_.secrets.put('sessions', { key: 'a', value: 'a', owner: 'you' });
      expect((await it_.secrets.list('sessions', 'me')).map((one) => one.key)).toEqual(['b']);
    });

    it('tells which of many keys have a record, which is neither another kind’s nor expired', async () => {
      const many = Array.from({ length: 1_000 }, (_, n) => `key ${n}`);
      for (const key of ['key 3', 'key 700', 'elsewhere']) await it_.secrets.put('sessions', { key, value: 1, owner: 'me' });
      await it_.secrets.put('codes', { key: 'key 4', value: 1, owner: 'me' });
      await it_.secrets.put('sessions', { key: 'key 5', value: 1, owner: 'me', expires: later(it_.now(), 60_000) });
      expect((await it_.secrets.present('sessions', many)).toSorted()).toEqual(['key 3', 'key 5', 'key 700']);
      it_.advance(60_000);
      await it_.secrets.delete('sessions', 'key 3');
      expect(await it_.secrets.present('sessions', many)).toEqual(['key 700']);
      expect(await it_.secrets.present('sessions', [])).toEqual([]);
    });

    it('gives the records of many keys at once, which are neither another kind’s nor expired', async () => {
      for (const key of ['key 3', 'key 700', 'elsewhere']) await it_.secrets.put('sessions', { key, value: { of: key }, owner: 'me' });
      await it_.secrets.put('codes', { key: 'key 4', value: 1, owner: 'me' });
      await it_.secrets.put('sessions', { key: 'key 5', value: 1, owner: 'me', expires: later(it_.now(), 60_000) });
      it_.advance(60_000);
      const found = await it_.secrets.some('sessions', ['key 3', 'key 4', 'key 5', 'key 6', 'key 700']);
      expect(found.toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(
        ['key 3', 'key 700'].map((key) => ({ key, value: { of: key }, version: 1, owner: 'me', expires: null })),
      );
      expect(await it_.secrets.some('sessions', [])).toEqual([]);
    });

    it('treats an expired record as gone everywhere, and lets another take its place', async () => {
      const record = { key: 'a', value: 1, owner: 'me', expires: later(it_.now(), 1_000) };
      await it_.secrets.put('codes', record);
      it_.advance(999);
      expect(await it_.secrets.get('codes', 'a')).not.toBeNull();
      it_.advance(1);
      expect(await it_.secrets.get('codes', 'a')).toBeNull();
      expect(await it_.secrets.list('codes', 'me')).toEqual([]);
      expect(await it_.secrets.put('codes', { ...record, expires: null }, 1)).toBe(false);
      expect(await it_.secrets.put('codes', { ...record, value: 2, expires: null }, 0)).toBe(true);
      expect(await it_.secrets.get('codes', 'a')).toMatchObject({ value: 2, version: 1, expires: null });
    });

    it('takes an end with an offset, and moves it with the next put', async () => {
      const end = later(it_.now(), 1_000);
      await it_.secrets.put('codes', { key: 'a', value: 1, owner: 'me', expires: end.replace('Z', '+00:00') });
      expect((await it_.secrets.get('codes', 'a'))?.expires).toBe(end);
      await it_.secrets.put('codes', { key: 'a', value: 1, owner: 'me', expires: later(end, 5_000) }, 1);
      it_.advance(2_000);
      expect((await it_.secrets.get('codes', 'a'))?.version).toBe(2);
    });

    it('lets exactly one of many win each version', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 }), fc.uuid(), async (versions, key) => {
          const tries = versions.map((version, n) => it_.secrets.put('keys', { key, value: n, owner: 'me' }, version));
          const won = (await Promise.all(tries)).flatMap((ok, n) => (ok ? [versions[n] ?? -1] : []));
          expect(won.toSorted()).toEqual(won.map((_, n) => n));
          expect((await it_.secrets.get('keys', key))?.version ?? 0).toBe(won.length);
        }),
        { numRuns: 30 },
      );
    });

    it('loses no increment when many read and put at once', async () => {
      await it_.secrets.put('keys', { key: 'n', value: 0, owner: 'me' });
      const increment = async (): Promise<void> => {
        const record = await it_.secrets.get<number>('keys', 'n');
        if (!record || !(await it_.secrets.put('keys', { key: 'n', value: record.value + 1, owner: 'me' }, record.version))) return increment();
      };
      await Promise.all(Array.from({ length: 12 }, increment));
      expect(await it_.secrets.get('keys', 'n')).toMatchObject({ value: 12, version: 13 });
    });

    it('gives every record of a kind in pages, in the order of keys, but none that is expired', async () => {
      const keys = Array.from({ length: 1_234 }, (_, n) => `key ${String(n).padStart(5, '0')}`);
      for (const key of keys.toReversed()) await it_.secrets.put('sessions', { key, value: { key }, owner: `owner ${key.at(-1)}` });
      await it_.secrets.put('sessions', { key: 'key 00007', value: { key: 'again' }, owner: 'me', expires: later(it_.now(), 2_000) });
      await it_.secrets.put('sessions', { key: 'a', value: 1, owner: 'me', expires: later(it_.now(), 1_000) });
      await it_.secrets.put('codes', { key: 'another kind', value: 1, owner: 'me' });
      it_.advance(1_000);
      const found: SecretRecord[] = [];
      for await (const page of it_.secrets.all('sessions')) {
        expect(page.length).toBeGreaterThan(0);
        found.push(...page);
      }
      expect(found.map(({ key }) => key)).toEqual(keys);
      for (const { key } of [found[7], found[1_000]] as SecretRecord[]) expect(found).toContainEqual(await it_.secrets.get('sessions', key));
      for await (const _ of it_.secrets.all('credentials')) expect.fail('a page of nothing');
    });

    it('restores a record as it was elsewhere, whatever is there', async () => {
      const record = { key: 'a', value: { n: 1 }, version: 7, owner: 'me', expires: later(it_.now(), 60_000) };
      await it_.secrets.restore('codes', record);
      expect(await it_.secrets.get('codes', 'a')).toEqual(record);
      expect(await it_.secrets.list('codes', 'me')).toEqual([record]);
      const other = { ...record, value: [], version: 2, owner: 'you', expires: null };
      await it_.secrets.restore('codes', other);
      await it_.reopen();
      expect(await it_.secrets.get('codes', 'a')).toEqual(other);
      expect(await it_.secrets.list('codes', 'me')).toEqual([]);
      expect(await it_.secrets.put('codes', { key: 'a', value: 2, owner: 'you' }, 2)).toBe(true);
    });

    it('rejects after it was closed', async () => {
      await it_.secrets.close();
      await expect(it_.secrets.get('keys', 'a')).rejects.toThrow();
      await it_.secrets.close();
    });
  });
}
