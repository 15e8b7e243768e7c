import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { fakeCache } from '../../platform/cache/fake-cache.fixture.ts';
import type { SessionOwner } from './callers.ts';
import { openSharedLookUps } from './shared-look-ups.ts';

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const SESSION = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const owner = (role: SessionOwner['role'] = 'member'): SessionOwner => ({ userId: ALICE, role, confirmed: true });
const hmac = (text: string) => createHmac('sha256', 'key of the test').update(text).digest('hex');
let passed: number;
let lookUps: number;
let isAway: boolean;
let found: () => Promise<SessionOwner | null>;
let cache: ReturnType<typeof fakeCache>;
/** The look-ups of a process. */
const process = () =>
  openSharedLookUps({
    cache,
    hmac,
    clock: () => passed,
    lookUp: () => {
      lookUps++;
      return found();
    },
  });

beforeEach(() => {
  passed = 0;
  lookUps = 0;
  isAway = false;
  found = async () => owner();
  cache = fakeCache(() => isAway && 'before');
});

describe('a look-up of a session', () => {
  it('asks the secrets once for 1,000 requests in two processes', async () => {
    const [one, other] = [process(), process()];
    for (let n = 0; n < 500; n++) {
      expect(await one.lookUp(SESSION)).toEqual(owner());
      expect(await other.lookUp(SESSION)).toEqual(owner());
    }
    expect(lookUps).toBe(1);
  });

  it('finds nobody in any process once the session has ended', async () => {
    const [one, other] = [process(), process()];
    await one.lookUp(SESSION);
    found = async () => null;
    await one.ended(SESSION);
    expect([await one.lookUp(SESSION), await other.lookUp(SESSION)]).toEqual([null, null]);
  });

  it('that began before the end and is answered after it makes the session good for nobody', async () => {
    const [slow, other] = [process(), process()];
    let answer: (owner: SessionOwner) => void = () => {};
    found = () => new Promise((resolve) => (answer = resolve));
    const early = slow.lookUp(SESSION);
    await Promise.resolve();
    await other.ended(SESSION);
    answer(owner());
    await early;
    found = async () => null;
    expect([await slow.lookUp(SESSION), await other.lookUp(SESSION)]).toEqual([null, null]);
  });

  it('that took longer than an entry lives is not shared', async () => {
    found = async () => {
      passed += 400;
      return owner();
    };
    await process().lookUp(SESSION);
    expect(cache.entries.size).toBe(0);
  });

  it('takes no entry of what this process ended or changed, also where the cache could not be told', async () => {
    const one = process();
    await one.lookUp(SESSION);
    one.changed(ALICE);
    found = async () => owner('admin');
    expect(await one.lookUp(SESSION)).toEqual(owner('admin'));
    isAway = true;
    found = async () => null;
    await one.ended(SESSION);
    expect(await one.lookUp(SESSION)).toBeNull();
  });

  it('asks the secrets where the cache is away, and where somebody else wrote the entry', async () => {
    isAway = true;
    const one = process();
    expect(await one.lookUp(SESSION)).toEqual(owner());
    isAway = false;
    await one.lookUp(SESSION);
    for (const entry of cache.entries.values()) Object.assign(entry.value as object, { json: JSON.stringify(owner('admin')) });
    expect(await one.lookUp(SESSION)).toEqual(owner());
    expect(lookUps).toBe(3);
  });

  it('leaves no id of a session in clear', async () => {
    await process().lookUp(SESSION);
    expect(cache.entries.size).toBe(1);
    expect(JSON.stringify([...cache.entries])).not.toContain(SESSION);
  });
});
