import { createSecretKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKeys } from '../keys.ts';
import { openSecrets } from '../secrets/open.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { sealingWith } from './sealing.ts';
import { openSecondFactors } from './second-factors.ts';

const START = 1_800_000_000_000;
const log = { info: () => {}, warn: () => {} };
const key = (text: string) => createSecretKey(Buffer.from(text.padEnd(32, '.')));
let dataDir: string;
let secrets: Secrets;
let time = START;
const now = () => new Date(time);
let n = 0;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'second-'));
  secrets = await openSecrets('sqlite:', { dataDir, log, now });
});
afterAll(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

/** The second factors as a process has them whose secret is this one. */
const processWith = (...keys: [string, ...string[]]) =>
  openSecondFactors({ secrets, sealing: sealingWith(keys.map(key) as [ReturnType<typeof key>], 'second factors'), now });
const codeOf = (secret: string, at = time) => TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: at });

/** A user with a second factor; their app's clock is that of the test, one step ahead of the code that turned it on. */
async function withOne(factors = processWith('a')) {
  const userId = `user${++n}`;
  const { secret } = await factors.begin(userId, { label: 'ann@example.org', confirmed: true });
  const recovery = (await factors.confirm(userId, codeOf(secret))) ?? [];
  time += 30_000;
  return { userId, secret, recovery };
}

describe('a second factor', () => {
  it('is on once a first code of it was shown, which is no code to log in with', async () => {
    const factors = processWith('a');
    const { secret, url } = await factors.begin('ann', { label: 'ann@example.org', confirmed: true });
    expect(url).toContain(secret);
    expect(await factors.status('ann')).toEqual({ on: false, since: null, recoveryCodesLeft: 0 });
    expect(await factors.check('ann', { code: codeOf(secret) })).toMatchObject({ right: false });
    expect(await factors.confirm('ann', '000000')).toBeNull();
    const first = codeOf(secret);
    expect(await factors.confirm('ann', first)).toHaveLength(10);
    expect(await factors.status('ann')).toEqual({ on: true, since: now().toISOString(), recoveryCodesLeft: 10 });
    expect(await factors.check('ann', { code: first })).toMatchObject({ right: false });
    await expect(factors.begin('ann', { label: 'ann@example.org', confirmed: true })).rejects.toMatchObject({ code: 'conflict' });
    await expect(factors.confirm('ann', codeOf(secret, time + 30_000))).rejects.toMatchObject({ code: 'conflict' });
  });

  it('gives other recovery codes to who turned it on and did not hear of it, for the same code while its time lasts', async () => {
    const factors = processWith('a');
    const { secret } = await factors.begin('cid', { label: 'cid@example.org', confirmed: true });
    const first = codeOf(secret);
    const [lost = ''] = (await factors.confirm('cid', first)) ?? [];
    const [heard = ''] = (await factors.confirm('cid', first)) ?? [];
    expect(await factors.check('cid', { recoveryCode: lost })).toMatchObject({ right: false });
    expect(await factors.check('cid', { recoveryCode: heard })).toMatchObject({ right: true });
    time += 90_000;
    await expect(factors.confirm('cid', first)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is recorded before it is on, and before it is gone: one that cannot be recorded stays as it was', async () => {
    const factors = processWith('a');
    const { secret } = await factors.begin('dan', { label: 'dan@example.org', confirmed: true });
    const away = () => Promise.reject(new Error('away'));
    await expect(factors.confirm('dan', codeOf(secret), away)).rejects.toThrow('away');
    expect(await factors.isOn('dan')).toBe(false);
    expect(await factors.confirm('dan', codeOf(secret))).toHaveLength(10);
    await expect(factors.remove('dan', false, away)).rejects.toThrow('away');
    expect(await factors.isOn('dan')).toBe(true);
  });

  it('that was begun and not turned on is forgotten after a quarter of an hour', async () => {
    const factors = processWith('a');
    const { secret } = await factors.begin('ben', { label: 'ben@example.org', confirmed: true });
    time += 15 * 60_000;
    expect(await factors.confirm('ben', codeOf(secret))).toBeNull();
  });

  it('takes a code once of many that give it at once, in two processes, with clocks that differ', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 2, maxLength: 8 }), async (drifts) => {
        const { userId, secret } = await withOne();
        const at = time;
        const processes = [0, 10_000].map((off) =>
          openSecondFactors({ secrets, sealing: sealingWith([key('a')], 'second factors'), now: () => new Date(time + off) }),
        );
        const codes = drifts.map((drift) => codeOf(secret, at + drift * 30_000));
        const answers = await Promise.all(codes.flatMap((code) => processes.map(async (one) => ({ code, ...(await one.check(userId, { code })) }))));
        const right = answers.filter((one) => one.right).map(({ code }) => code);
        expect(right.length).toBe(new Set(right).size);
        // The code of the step that turned it on is used already.
        expect(new Set(right)).toEqual(new Set(codes.filter((code) => code !== codeOf(secret, at - 30_000))));
      }),
      { numRuns: 15 },
    );
  });

  it('is proved by each recovery code once, however it is written, also by many at once; new ones end those before', async () => {
    const factors = processWith('a');
    const { userId, recovery } = await withOne(factors);
    const [first = '', second = '', third = ''] = recovery;
    const asWritten = ` ${first.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l')}`;
    const answers = await Promise.all([first, asWritten, first, second].map((recoveryCode) => factors.check(userId, { recoveryCode })));
    expect(answers.filter((one) => one.right)).toHaveLength(2);
    expect(await factors.status(userId)).toMatchObject({ recoveryCodesLeft: 8 });
    const [next = ''] = await factors.makeRecoveryCodes(userId);
    expect(await factors.check(userId, { recoveryCode: third })).toEqual({ right: false, unreadable: false });
    expect(await factors.check(userId, { recoveryCode: next })).toEqual({ right: true, by: 'recovery', left: 9 });
    expect(await factors.check(userId, { recoveryCode: '' })).toMatchObject({ right: false });
  });

  it('is nobody’s after it was taken away', async () => {
    const factors = processWith('a');
    const { userId, secret, recovery } = await withOne(factors);
    expect(await factors.remove(userId, true)).toBe(false);
    expect([await factors.remove(userId), await factors.remove(userId)]).toEqual([true, false]);
    expect(await factors.isOn(userId)).toBe(false);
    expect(await factors.check(userId, { code: codeOf(secret) })).toMatchObject({ right: false });
    expect(await factors.check(userId, { recoveryCode: recovery[0] ?? '' })).toMatchObject({ right: false });
    await expect(factors.makeRecoveryCodes(userId)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('the secret of a second factor', () => {
  it('is in no file as it is, nor are recovery codes', async () => {
    const { secret, recovery } = await withOne();
    const files = ['secrets.db', 'secrets.db-wal'].map((name) => readFileSync(join(dataDir, name), 'latin1')).join('');
    expect(files).toContain('second-factors');
    for (const text of [secret, Secret.fromBase32(secret).latin1, ...recovery]) expect(files).not.toContain(text);
  });

  it('is read with the secret that the installation had before, and sealed with the new one at the next code', async () => {
    const { userId, secret } = await withOne(processWith('a'));
    expect(await processWith('b', 'a').check(userId, { code: codeOf(secret) })).toMatchObject({ right: true });
    time += 30_000;
    expect(await processWith('b').check(userId, { code: codeOf(secret) })).toMatchObject({ right: true });
  });

  it('cannot be read with another secret: that is said, and recovery codes go on', async () => {
    const { userId, secret, recovery } = await withOne(processWith('a'));
    const other = processWith('b');
    expect(await other.check(userId, { code: codeOf(secret) })).toEqual({ right: false, unreadable: true });
    expect(await other.check(userId, { recoveryCode: recovery[0] ?? '' })).toMatchObject({ right: true });
  });

  it('stays readable where JWT_SECRET is set for the first time', async () => {
    const own = await loadKeys(secrets, {});
    const { userId, secret } = await withOne(openSecondFactors({ secrets, sealing: own.sealing, now }));
    const configured = await loadKeys(secrets, { jwtSecret: 'chosen by whoever runs this here' });
    const factors = openSecondFactors({ secrets, sealing: configured.sealing, now });
    expect(await factors.check(userId, { code: codeOf(secret) })).toMatchObject({ right: true });
  });

  it('opens for its owner alone, unchanged, and for its purpose', () => {
    const sealing = sealingWith([key('a')], 'one purpose');
    const box = sealing.seal('words', 'ann');
    expect(sealing.open(box, 'ann')).toBe('words');
    expect(sealing.seal('words', 'ann')).not.toBe(box);
    expect(sealing.open(box, 'ben')).toBeNull();
    expect(sealingWith([key('a')], 'another').open(box, 'ann')).toBeNull();
    for (let at = 0; at < box.length; at++)
      expect(sealing.open(`${box.slice(0, at)}${box[at] === 'A' ? 'g' : 'A'}${box.slice(at + 1)}`, 'ann')).toBeNull();
    for (const short of ['', 'AAAA', box.slice(0, 20)]) expect(sealing.open(short, 'ann')).toBeNull();
  });
});
