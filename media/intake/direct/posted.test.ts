import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ProblemError } from '../../../contracts/problem.ts';
import { AppendUnknown, type EventStore, StoreUnavailable } from '../../../platform/event-store/event-store.ts';
import { stableId } from '../../../platform/stable-id.ts';
import { openLog } from '../../../system/open-log.fixture.ts';
import { openPosted, type PostedOptions } from './posted.ts';

const ID = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const REFUSED = new ProblemError('invalid', 'Archives are not taken.', { status: 415, errors: [{ pointer: '/file', detail: 'is an archive' }] });

let log: Awaited<ReturnType<typeof openLog>>;
let now: number;
beforeEach(async () => {
  log = await openLog();
  now = 0;
});
afterEach(() => log.close());

/** One of several processes on one event store. */
const process = (more: Partial<PostedOptions> = {}) => openPosted({ store: log.store, clock: () => now, ...more });

it('is in the hand of one of several processes, and of another as soon as that one lets it go', async () => {
  const [one, other] = [process(), process()];
  expect([await one.isHeld(ID), await other.isHeld(ID)]).toEqual([false, false]);
  const taken = await Promise.all([one.take(ID), other.take(ID)]);
  expect(taken.filter((hand) => hand !== null)).toHaveLength(1);
  expect([await one.isHeld(ID), await other.isHeld(ID), await other.take(ID)]).toEqual([true, true, null]);
  await taken.find((hand) => hand !== null)?.letGo();
  expect(await other.isHeld(ID)).toBe(false);
  const again = await other.take(ID);
  expect(await one.take(ID)).toBeNull();
  await again?.letGo();
});

it('that was refused for good is refused by all in the same words, until another file is to be posted', async () => {
  const [one, other] = [process(), process()];
  const hand = await one.take(ID);
  await hand?.refuse(REFUSED);
  await hand?.letGo();
  expect(await other.isHeld(ID)).toBe(false);
  const { code, status, message, errors } = REFUSED;
  for (const each of [one, other]) await expect(each.take(ID)).rejects.toMatchObject({ code, status, message, errors });
  await other.askedAnew(ID);
  await (await one.take(ID))?.letGo();
});

it('and in hand stays so where another file is to be posted', async () => {
  const hand = await process().take(ID);
  await process().askedAnew(ID);
  expect(await process().take(ID)).toBeNull();
  await hand?.letGo();
});

it('whose process says nothing for the time of its lease is taken by another, and the first one is told as soon as it asks', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const [killed, other] = [process({ lease: 3_000 }), process()];
    const hand = await killed.take(ID);
    expect(await other.take(ID)).toBeNull();
    now = 3_000;
    expect(await other.take(ID)).toBeNull();
    now = 3_001;
    const second = await other.take(ID);
    expect([second?.lost.aborted, hand?.lost.aborted]).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(1_000);
    await expect.poll(() => hand?.lost.aborted).toBe(true);
    await expect(hand?.refuse(REFUSED)).rejects.toThrow('Another process has this file now.');
    expect(await killed.isHeld(ID)).toBe(true);
    await second?.letGo();
  } finally {
    vi.useRealTimers();
  }
});

it('is not refused by a process which hears only then that another has it', async () => {
  const [slow, other] = [process({ lease: 3_000 }), process()];
  const hand = await slow.take(ID);
  expect(await other.take(ID)).toBeNull();
  now = 3_001;
  const second = await other.take(ID);
  await expect(hand?.refuse(REFUSED)).rejects.toThrow('Another process has this file now.');
  expect([hand?.lost.aborted, await process().isHeld(ID)]).toEqual([true, true]);
  await second?.letGo();
});

it('is kept as long as its process says that it is at work', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    const [one, other] = [process({ lease: 3_000 }), process()];
    const hand = await one.take(ID);
    for (let renewed = 0; renewed < 5; renewed++) {
      expect(await other.take(ID)).toBeNull();
      const before = await last();
      now += 1_500;
      await vi.advanceTimersByTimeAsync(750);
      await expect.poll(last).toBeGreaterThan(before);
    }
    expect(hand?.lost.aborted).toBe(false);
    await hand?.letGo();
  } finally {
    vi.useRealTimers();
  }
});

it('is kept by a process that did not hear that the store had taken its sign of life', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    let isUnheard = false;
    const append: EventStore['append'] = async (...what) => {
      const appended = await log.store.append(...what);
      if (isUnheard) throw new AppendUnknown('the connection was lost');
      return appended;
    };
    const hand = await process({ lease: 3_000, store: { readStream: log.store.readStream, append } }).take(ID);
    const before = await last();
    isUnheard = true;
    await vi.advanceTimersByTimeAsync(1_000);
    await expect.poll(last).toBe(before + 1);
    isUnheard = false;
    await vi.advanceTimersByTimeAsync(1_000);
    await expect.poll(last).toBe(before + 2);
    expect(hand?.lost.aborted).toBe(false);
    await hand?.letGo();
    expect(await process().isHeld(ID)).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});

it('is given up by a process that cannot say so, before another may have it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  try {
    let isAway = false;
    const append: EventStore['append'] = async (...what) => {
      if (isAway) throw new StoreUnavailable('away');
      return log.store.append(...what);
    };
    const hand = await process({ lease: 3_000, store: { readStream: log.store.readStream, append } }).take(ID);
    isAway = true;
    for (const isLost of [false, false, true]) {
      now += 750;
      await vi.advanceTimersByTimeAsync(750);
      expect(hand?.lost.aborted).toBe(isLost);
    }
    await hand?.letGo();
  } finally {
    vi.useRealTimers();
  }
});

it('leaves nothing behind once it was let go or asked for anew, and however many come, they are in a fixed number of streams', async () => {
  const one = process();
  for (let n = 0; n < 30; n++) await (await one.take(stableId('posted', String(n))))?.letGo();
  const hand = await one.take(ID);
  await hand?.refuse(REFUSED);
  expect(Object.values(await recorded()).filter((files) => Object.keys(files).length > 0)).toEqual([
    { [ID]: expect.objectContaining({ state: 'refused' }) },
  ]);
  await one.askedAnew(ID);
  const streams = await recorded();
  expect(Object.keys(streams).length).toBeLessThanOrEqual(256);
  expect(Object.values(streams).flatMap(Object.keys)).toEqual([]);
});

it('is forgotten after its ticket has ended, as soon as anything is recorded beside it', async () => {
  let time = new Date('2026-01-01T00:00:00Z');
  const one = process({ now: () => time });
  await (await one.take(ID))?.refuse(REFUSED);
  const beside = `${ID.slice(0, -1)}8`;
  time = new Date('2026-01-01T06:59:00Z');
  await (await one.take(beside))?.letGo();
  await expect(one.take(ID)).rejects.toThrow(REFUSED.message);
  time = new Date('2026-01-01T07:01:00Z');
  await (await one.take(beside))?.letGo();
  expect(Object.values(await recorded()).flatMap(Object.keys)).toEqual([]);
});

it('and others beside it are taken, kept and let go at once, and none is lost to another', async () => {
  const ids = Array.from({ length: 10 }, (_, n) => ID.replace(/..$/, String(n).padStart(2, '0')));
  const processes = [process(), process(), process()];
  const taken = await Promise.all(ids.flatMap((id) => processes.map((each) => each.take(id))));
  const hands = taken.filter((hand) => hand !== null);
  expect(hands).toHaveLength(ids.length);
  await Promise.all(hands.map((hand, n) => (n % 2 === 0 ? hand.letGo() : hand.refuse(REFUSED))));
  expect(Object.keys(Object.values(await recorded())[0] ?? {})).toHaveLength(ids.length / 2);
});

async function last(): Promise<number> {
  for await (const [event] of log.store.readStream(`_posted-${ID.slice(0, 2)}`, { direction: 'backwards', limit: 1 })) return event?.revision ?? -1;
  return -1;
}

/** What the log says of posted files, by stream. */
async function recorded(): Promise<Record<string, Record<string, unknown>>> {
  const streams: Record<string, Record<string, unknown>> = {};
  for await (const page of log.store.readAll({ log: 'bookkeeping' }))
    for (const { stream, data } of page) if (stream.startsWith('_posted-')) streams[stream] = (data as { files: Record<string, unknown> }).files;
  return streams;
}
