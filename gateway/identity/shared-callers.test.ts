import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BriefCache } from '../../platform/brief-cache/brief-cache.ts';
import type { SessionOwner } from './callers.ts';
import { shareCallers } from './shared-callers.ts';

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const SESSION = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const owner = (role: SessionOwner['role'] = 'member'): SessionOwner => ({ userId: ALICE, role, confirmed: true });
const hmac = (text: string) => createHmac('sha256', 'key of the test').update(text).digest('hex');
let time: number;
const now = () => new Date(time);
let counts: string[];
let texts: Map<string, string>;
let marked: Set<string>;
let found: SessionOwner | null;

/** A cache in which nothing gets old. */
const cache: BriefCache = {
  async through({ key, marks }, lookUp) {
    const kept = marks.some((mark) => marked.has(mark)) ? undefined : texts.get(key);
    const text = kept ?? (await lookUp());
    if (text !== null) texts.set(key, text);
    return text;
  },
  mark: async (marks) => marks.forEach((mark) => void marked.add(mark)),
  close: async () => {},
};
const inProcess = () => shareCallers({ cache, hmac, now, count: (how) => counts.push(how), lookUp: async () => found });

beforeEach(() => {
  time = Date.parse('2026-01-01T00:00:00.000Z');
  counts = [];
  texts = new Map();
  marked = new Set();
  found = owner();
});

describe('the owner of a session', () => {
  it('is looked up once for a thousand questions in two processes', async () => {
    const [one, other] = [inProcess(), inProcess()];
    for (let n = 0; n < 500; n++) for (const each of [one, other]) expect(await each.ownerOf(SESSION, ALICE)).toEqual(owner());
    expect(counts.filter((how) => how === 'looked_up')).toHaveLength(1);
    expect(counts).toHaveLength(1_000);
  });

  it.each(['sessionEnded', 'userChanged'] as const)('is looked up by all after %s', async (told) => {
    const [one, other] = [inProcess(), inProcess()];
    await one.ownerOf(SESSION, ALICE);
    found = null;
    await one[told](told === 'sessionEnded' ? SESSION : ALICE);
    expect([await one.ownerOf(SESSION, ALICE), await other.ownerOf(SESSION, ALICE)]).toEqual([null, null]);
  });

  it.each([
    ['another role', (text: string) => text.replace('member', 'admin')],
    ['no signature', () => JSON.stringify(owner('admin'))],
    ['no JSON', () => 'nothing'],
    ['nothing', () => ''],
  ])('is looked up where somebody else wrote the text: %s', async (_, forged) => {
    await inProcess().ownerOf(SESSION, ALICE);
    for (const [key, text] of texts) texts.set(key, forged(text));
    expect(await inProcess().ownerOf(SESSION, ALICE)).toEqual(owner());
    expect(counts).toEqual(['looked_up', 'looked_up']);
  });

  it.each([
    ['of before, written again where the marks were taken away', 3_401],
    ['of a clock that is far ahead', -3_401],
  ])('is looked up where the text is one of ours, but %s', async (_, later) => {
    found = owner('admin');
    await inProcess().ownerOf(SESSION, ALICE);
    found = owner();
    time += later;
    expect(await inProcess().ownerOf(SESSION, ALICE)).toEqual(owner());
  });

  it('is as old as its look-up, however long that took', async () => {
    const slow = shareCallers({
      ...{ cache, hmac, now },
      lookUp: async () => {
        time += 3_401;
        return owner('admin');
      },
    });
    await slow.ownerOf(SESSION, ALICE);
    expect(await inProcess().ownerOf(SESSION, ALICE)).toEqual(owner());
  });

  it('has its time signed: nobody makes a text younger', async () => {
    found = owner('admin');
    await inProcess().ownerOf(SESSION, ALICE);
    found = owner();
    const before = String(time);
    time += 60_000;
    for (const [key, text] of texts) texts.set(key, text.replace(before, String(time)));
    expect(await inProcess().ownerOf(SESSION, ALICE)).toEqual(owner());
  });

  it('is not taken from the text of another session', async () => {
    await inProcess().ownerOf(SESSION, ALICE);
    const [text = ''] = texts.values();
    await inProcess().ownerOf(ALICE, ALICE);
    for (const key of texts.keys()) texts.set(key, text);
    counts = [];
    await inProcess().ownerOf(ALICE, ALICE);
    expect(counts).toEqual(['looked_up']);
  });

  it('is shared with nobody while they have to do something first', async () => {
    const picky = () =>
      shareCallers({ cache, hmac, now, lookUp: async () => found, shares: ({ confirmed }) => confirmed, count: (how) => counts.push(how) });
    found = { ...owner(), confirmed: false };
    expect(await picky().ownerOf(SESSION, ALICE)).toEqual(found);
    found = owner();
    expect([await picky().ownerOf(SESSION, ALICE), await picky().ownerOf(SESSION, ALICE)]).toEqual([found, found]);
    expect(counts).toEqual(['looked_up', 'looked_up', 'shared']);
  });

  it('is always looked up where this process is alone', async () => {
    const alone = shareCallers({ hmac, now, lookUp: async () => found, count: (how) => counts.push(how) });
    await alone.ownerOf(SESSION, ALICE);
    await alone.sessionEnded(SESSION);
    await alone.userChanged(ALICE);
    found = null;
    expect(await alone.ownerOf(SESSION, ALICE)).toBeNull();
    expect(counts).toEqual(['looked_up', 'looked_up']);
  });
});
