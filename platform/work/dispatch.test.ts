import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type NewEvent, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { forwarding } from '../../system/forwarder.fixture.ts';
import { type EventBus, QueueFull } from '../event-bus/event-bus.ts';
import { openMemoryBus } from '../event-bus/memory/memory.ts';
import { NOTIFIED, OFFERS as QUEUE } from '../event-bus/queues.fixture.ts';
import { AppendUnknown, type EventStore } from '../event-store/event-store.ts';
import { inMemoryStore, logOf, newEvent } from '../event-store/in-memory.fixture.ts';
import { BEGINNING, type Checkpoint } from '../followers/checkpoint-type.ts';
import { openParking } from '../followers/parking.ts';
import { type Dispatcher, type Dispatching, type DispatchOptions, dispatch, type UndecidedItem } from './dispatch.ts';
import type { Due } from './due.ts';
import { setAside } from './set-aside.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const AGAIN = 60_000;
const HOUR = 3_600_000;
let store: EventStore;
let bus: EventBus;
/** Streams offered, in the order of the offers. */
let offered: string[];
let onOffer: (stream: string) => void;
/** Number of events that the read model is behind. */
let behind: number;
let asked: number;
const dispatchers: Dispatcher[] = [];
const stops: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  // Timers go when the test says so; other asynchronous work goes on by itself.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: Date.parse('2026-11-21T09:00:00.000Z') });
  store = inMemoryStore();
  const memory = openMemoryBus({ queues: [NOTIFIED, QUEUE], log });
  offered = [];
  onOffer = () => {};
  behind = 0;
  asked = 0;
  bus = {
    ...memory,
    offer: async (_queue, { stream }) => {
      onOffer(stream);
      offered.push(stream);
    },
  };
  stops.push(forwarding(store, bus).stop);
});
afterEach(async () => {
  vi.useRealTimers();
  for (const one of dispatchers.splice(0)) await one.stop();
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The meaning of an event for an item of these tests: it is due at a time, or decided. */
type Meaning = Due | 'decided';
const meaning = ({ data }: RecordedEvent) => (data as { meaning: Meaning }).meaning;

function read(event: RecordedEvent): ReturnType<Dispatching['read']> {
  const it = meaning(event);
  if (it === 'decided') return it;
  return event.revision === 0 ? { ...it, queue: QUEUE } : it;
}

/** A read model that folds the log when it is asked, as far as it has come. */
async function undecided(limit: number, after: string | null): Promise<{ items: UndecidedItem[]; checkpoint: Checkpoint } | null> {
  asked++;
  const all = await logOf(store);
  const known = all.slice(0, all.length - behind);
  const last = known.at(-1);
  if (after !== null && (last?.position ?? '') < after) return null;
  const items = new Map<string, UndecidedItem>();
  for (const event of known) {
    const it = meaning(event);
    if (it === 'decided') items.delete(event.stream);
    else items.set(event.stream, { stream: event.stream, queue: QUEUE, ...it });
  }
  const byDue = [...items.values()].toSorted((a, b) => (a.due < b.due ? -1 : 1));
  const [byDay, others] = [byDue.filter((one) => one.within === undefined), byDue.filter((one) => one.within !== undefined)];
  return {
    items: [...others.slice(0, limit), ...byDay.slice(0, limit)],
    checkpoint: last ? { position: last.position, eventId: last.id } : BEGINNING,
  };
}

/** The read model, each of whose later answers waits, as it was when it was asked, until it is told to go. */
function heldBack(): { slow: Dispatching['undecided']; answer(): void } {
  let go = () => {};
  const slow: Dispatching['undecided'] = async (limit, after) => {
    const found = await undecided(limit, after);
    if (after !== null)
      await new Promise<void>((resolve) => {
        go = resolve;
      });
    return found;
  };
  return { slow, answer: () => go() };
}

function start(more: Partial<DispatchOptions> = {}, asking = undecided): Dispatcher {
  const dispatching = { name: 'dispatcher', queue: NOTIFIED, read, undecided: asking };
  const dispatcher = dispatch(dispatching, { store, bus, log, again: AGAIN, silence: 1e8, ...more });
  dispatchers.push(dispatcher);
  return dispatcher;
}

const inMs = (milliseconds: number) => ({ due: new Date(Date.now() + milliseconds).toISOString() });
/** An item that waits for nobody, recorded now. */
const atOnce = () => ({ ...inMs(0), within: 0 });
const name = (n: number) => `notification-${String(n).padStart(3, '0')}`;

async function tell(n: number, it: Meaning, revision = NO_STREAM): Promise<void> {
  await store.append(name(n), revision, [{ ...newEvent('NotificationRequested'), data: { meaning: it } } as NewEvent]);
}

async function tellAll(from: number, to: number, it: () => Meaning): Promise<void> {
  for (let n = from; n < to; n++) await tell(n, it());
}

/**
 * Waits until the dispatcher is past all events. The number of turns of the event loop that takes depends on the machine: forwarder and follower
 * pause by the real clock.
 */
async function heard(): Promise<void> {
  const head = await store.head();
  while (dispatchers.some((one) => one.position() < head)) await new Promise(setImmediate);
}

/** Lets so many milliseconds pass on the test's clock, with everything that happens in them. */
async function pass(milliseconds: number): Promise<void> {
  const step = Math.max(milliseconds / 20, 1);
  for (let at = 0; at <= milliseconds; at += step) {
    await heard();
    await vi.advanceTimersByTimeAsync(step);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
}

describe('the dispatcher', () => {
  it('offers an item when it is due, and again while it is undecided', async () => {
    start();
    await tell(1, inMs(0));
    await tell(2, inMs(10_000));
    await pass(9_000);
    expect(offered).toEqual([name(1)]);
    await pass(2_000);
    expect(offered).toEqual([name(1), name(2)]);
    await tell(2, 'decided', 0);
    await pass(AGAIN + 1_000);
    expect(offered).toEqual([name(1), name(2), name(1)]);
  });

  it('has half of what a queue may hold out at once, and offers the next as each is taken up', async () => {
    const most = QUEUE.limit / 2;
    start();
    await tellAll(0, most + 2, atOnce);
    await pass(1_000);
    expect(offered).toHaveLength(most);
    await tell(0, { ...inMs(120_000), within: 120_000 }, 0);
    await tell(1, 'decided', 0);
    await pass(1_000);
    expect(offered.slice(most)).toEqual([name(most), name(most + 1)]);
  });

  it('offers nothing again that stands in its queue, and as many as are missing there', async () => {
    let standing = 3;
    const { queues } = bus;
    bus.queues = async () => [
      ...(await queues()).filter((one) => one.name !== QUEUE.name),
      { name: QUEUE.name, kind: 'work', depth: standing, consumers: 1 },
    ];
    start();
    await tellAll(0, 3, atOnce);
    await pass(10 * AGAIN);
    expect(offered).toEqual([0, 1, 2].map(name));
    standing = 1;
    await pass(AGAIN);
    expect(offered.slice(3)).toEqual([0, 1].map(name));
  });

  it('offers again where nobody can tell what stands in the queue', async () => {
    bus.queues = () => Promise.reject(new Error('it does not answer'));
    start();
    await tell(0, atOnce());
    await pass(AGAIN + 1_000);
    expect(offered).toEqual([name(0), name(0)]);
  });

  it('offers what no worker could read after pauses that double, and drops it from the list once it is leased', async () => {
    start();
    await tell(1, atOnce());
    await pass(100);
    await setAside(store, 'dispatcher', name(1), new Error('it is cut'));
    // It is looked for on the list a minute after each offer, and then put off by 1, 2, 4 and 8 minutes.
    const minutes: number[] = [];
    onOffer = () => minutes.push(Math.round((Date.now() - begun) / AGAIN));
    const begun = Date.now();
    await pass(20 * AGAIN);
    expect(minutes).toEqual([2, 5, 10, 19]);
    await tell(1, { ...inMs(AGAIN), within: AGAIN, leased: true }, 0);
    await pass(1_000);
    expect((await openParking(store, 'dispatcher')).list()).toEqual([]);
    await pass(3.5 * AGAIN);
    expect(minutes.slice(4)).toEqual([22, 23, 24]);
  });

  it.each([
    ['offered', false],
    ['forgotten', true],
  ])('what is released is %s, also where nobody hears that it was taken from the list', async (_, discard) => {
    const dispatcher = start();
    await tell(1, atOnce());
    await pass(100);
    await setAside(store, 'dispatcher', name(1), new Error('it is cut'));
    // It is found on the list, and put off for two minutes.
    await pass(3.1 * AGAIN);
    const before = offered.length;
    const { append } = store;
    store.append = async (...args) => {
      const appended = await append(...args);
      if (args[2][0]?.type === 'StreamReleased') throw new AppendUnknown('it is away');
      return appended;
    };
    await expect(dispatcher.release(name(1), discard)).rejects.toThrow('it is away');
    await pass(1_000);
    expect(offered.slice(before)).toEqual(discard ? [] : [name(1)]);
    await pass(10 * AGAIN);
    expect(offered.length > before).toBe(!discard);
  });

  it('gives the room of what no worker could read to others, also to those behind its window', async () => {
    await tellAll(0, 12, atOnce);
    for (let n = 0; n < 10; n++) await setAside(store, 'dispatcher', name(n), new Error('it is cut'));
    start({ window: 4 });
    onOffer = (stream) => {
      if (stream > name(9)) void store.append(stream, 0, [{ ...newEvent('NotificationRequested'), data: { meaning: 'decided' } } as NewEvent]);
    };
    await pass(30 * AGAIN);
    expect(offered.filter((stream) => stream > name(9)).toSorted()).toEqual([name(10), name(11)]);
    expect(new Set(offered).size).toBe(12);
  });

  it('offers an item that is put off when it is due again, and one that is decided never', async () => {
    start();
    await tell(1, inMs(0));
    await pass(20);
    await tell(1, inMs(3 * AGAIN), 0);
    await pass(2 * AGAIN);
    expect(offered).toEqual([name(1)]);
    await pass(1.1 * AGAIN);
    expect(offered).toEqual([name(1), name(1)]);
    await tell(1, 'decided', 1);
    await pass(2 * AGAIN);
    expect(offered).toHaveLength(2);
  });

  it('begins with what the read model says, and follows from there', async () => {
    for (const n of [1, 2, 3]) await tell(n, inMs(0));
    await tell(2, 'decided', 0);
    behind = 2;
    start();
    await pass(100);
    expect(offered.toSorted()).toEqual([name(1), name(3)]);
  });

  it('offers later, and later still, what the queue does not take', async () => {
    const tries: number[] = [];
    onOffer = () => {
      tries.push(Date.now());
      if (tries.length < 5) throw new QueueFull('full');
    };
    start();
    await tell(1, inMs(0));
    await pass(20_000);
    expect(offered).toEqual([name(1)]);
    const waits = tries.slice(1).map((at, index) => Math.round((at - (tries[index] ?? 0)) / 1_000));
    expect(waits).toEqual([1, 2, 4, 8]);
  });

  it('invariant 12: keeps at most its window out, and gets to every item in the end', async () => {
    const dispatcher = start({ window: 10 });
    let out = 0;
    let most = 0;
    onOffer = () => {
      most = Math.max(most, ++out);
    };
    for (let n = 0; n < 100; n++) await tell(n, inMs(0));
    const decided = new Set<string>();
    for (let round = 0; round < 200 && decided.size < 100; round++) {
      for (const stream of offered.filter((one) => !decided.has(one))) {
        decided.add(stream);
        out--;
        await tell(Number(stream.slice('notification-'.length)), 'decided', 0);
      }
      await pass(100);
    }
    expect([decided.size, offered.length, dispatcher.waiting()]).toEqual([100, 100, 0]);
    expect(most).toBeLessThanOrEqual(10);
  });

  it('asks again when the read model could not tell and nothing happens any more', async () => {
    let away = false;
    start({ window: 2 }, async (limit, after) => (away ? null : undecided(limit, after)));
    for (let n = 0; n < 6; n++) await tell(n, inMs(0));
    await pass(20);
    away = true;
    const first = [...offered];
    for (const stream of first) await tell(Number(stream.slice('notification-'.length)), 'decided', 0);
    await pass(3_000);
    expect(offered).toHaveLength(2);
    away = false;
    await pass(3_000);
    expect(offered).toHaveLength(4);
  });

  it('leaves a read model that is slow as much time as it took, before it asks again', async () => {
    const SLOW = 5_000;
    const looks: { begun: number; ended: number }[] = [];
    start({ window: 2 }, async (limit, after) => {
      if (after === null) return undecided(limit, after);
      const begun = Date.now();
      await new Promise((resolve) => setTimeout(resolve, SLOW));
      looks.push({ begun, ended: Date.now() });
      return null;
    });
    for (let n = 0; n < 6; n++) await tell(n, inMs(0));
    await pass(20);
    for (const stream of [...offered]) await tell(Number(stream.slice('notification-'.length)), 'decided', 0);
    await pass(10 * SLOW);
    const pauses = looks.slice(1).map(({ begun }, index) => begun - (looks[index]?.ended ?? 0));
    expect(pauses.length).toBeGreaterThanOrEqual(3);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(SLOW);
  });

  it.each([3, 17, 60])('gets to every item of a backlog once, though the read model is %d events behind all the time', async (events) => {
    const dispatcher = start({ window: 10 });
    await tellAll(0, 60, atOnce);
    await pass(20);
    behind = events;
    for (let done = 0, round = 0; round < 100 && done < 60 - events / 2; round++) {
      for (; done < offered.length; done++) {
        const n = Number(offered[done]?.slice('notification-'.length));
        await tell(n, { ...inMs(120_000), within: 120_000, leased: true }, 0);
        await tell(n, 'decided', 1);
      }
      await pass(1_000);
    }
    expect(offered.length).toBeGreaterThanOrEqual(60 - events / 2);
    expect(new Set(offered).size).toBe(offered.length);
    expect(dispatcher.waiting()).toBeLessThanOrEqual(10);
  });

  it('is not held up by items that are due some time', async () => {
    start({ window: 4 });
    for (let n = 0; n < 10; n++) await tell(n, inMs(600_000));
    await pass(2_000);
    await tell(50, inMs(0));
    await pass(2_000);
    expect(offered).toEqual([name(50)]);
  });

  it('never offers again what was decided while the read model was being asked', async () => {
    // The dispatcher asks while its window has room, and the item is decided before the answer is there.
    const { slow, answer } = heldBack();
    const dispatcher = start({ window: 2 }, slow);
    await pass(20);
    for (let n = 0; n < 4; n++) await tell(n, inMs(0));
    await pass(20);
    for (const n of [0, 1]) await tell(n, 'decided', 0);
    await pass(200);
    for (const n of [2, 3]) await tell(n, 'decided', 0);
    await pass(200);
    answer();
    await pass(2 * AGAIN);
    expect([offered.toSorted(), dispatcher.waiting()]).toEqual([[name(0), name(1)], 0]);
  });

  it('never offers again what was decided during a question, also where more was heard than it remembers', async () => {
    const { slow, answer } = heldBack();
    const dispatcher = start({ window: 2, remembered: 2 }, slow);
    await pass(20);
    for (let n = 0; n < 8; n++) await tell(n, inMs(0));
    await pass(20);
    for (const n of [0, 1]) await tell(n, 'decided', 0);
    await pass(200);
    for (let n = 2; n < 8; n++) await tell(n, 'decided', 0);
    await pass(200);
    answer();
    await pass(2 * AGAIN);
    answer();
    await pass(2 * AGAIN);
    expect([offered.toSorted(), dispatcher.waiting()]).toEqual([[name(0), name(1)], 0]);
  });

  it('does not ask the read model without need', async () => {
    start();
    for (let n = 0; n < 20; n++) await tell(n, inMs(0));
    await pass(10_000);
    expect(asked).toBe(1);
  });

  it('does not ask the read model for what is due some time, and then gets to every item in its time', async () => {
    start({ window: 4 });
    for (let n = 0; n < 12; n++) await tell(n, inMs(600_000 + n * 10_000));
    await pass(500_000);
    expect([offered, asked]).toEqual([[], 1]);
    const decided = new Set<string>();
    const inTime: boolean[] = [];
    for (let round = 0; round < 11; round++) {
      await pass(20_000);
      for (const stream of offered.filter((one) => !decided.has(one))) {
        decided.add(stream);
        inTime.push(Date.now() < Date.parse('2026-11-21T09:10:00.000Z') + Number(stream.slice('notification-'.length)) * 10_000 + 45_000);
        await tell(Number(stream.slice('notification-'.length)), 'decided', 0);
      }
    }
    expect([offered.length, inTime]).toEqual([12, Array(12).fill(true)]);
    expect(asked).toBeLessThan(12);
  });

  describe.each([5 * HOUR, -5 * HOUR])('where the clock is set by %d ms,', (step) => {
    /** Sets the clock; no timer goes for it. */
    const setClock = () => vi.setSystemTime(Date.now() + step);

    it('offers what waits for nobody at once, though an item for later waits beside it', async () => {
      start();
      await tell(1, inMs(24 * HOUR));
      await pass(20);
      const before = atOnce();
      setClock();
      await tell(2, before);
      await tell(3, atOnce());
      await pass(1_000);
      expect(offered).toEqual([name(2), name(3)]);
    });

    it('offers again after the same pause, also what its queue did not take', async () => {
      let refusals = 1;
      onOffer = (stream) => {
        if (stream === name(2) && refusals-- > 0) throw new QueueFull('full');
      };
      start();
      await tell(1, atOnce());
      await tell(2, atOnce());
      await pass(20);
      setClock();
      await pass(1_500);
      expect(offered).toEqual([name(1), name(2)]);
      await pass(0.9 * AGAIN);
      expect(offered).toHaveLength(2);
      await pass(0.1 * AGAIN);
      expect(offered).toEqual([name(1), name(2), name(1), name(2)]);
    });

    it('offers what waits for a time of day within a minute of that time, not before it', async () => {
      start();
      await tell(1, inMs(6 * HOUR));
      await pass(20);
      setClock();
      await pass(60_000);
      expect(offered).toEqual([]);
      await pass(6 * HOUR - step - 60_000 - 20);
      expect(offered[0]).toBe(name(1));
      vi.setSystemTime(Date.now() - HOUR);
      await tell(2, inMs(2 * HOUR));
      vi.setSystemTime(Date.now() + 3 * HOUR);
      await pass(60_000);
      expect(offered).toContain(name(2));
    });

    it('offers what has to wait for a length after that length at most, and a lease’s never before it', async () => {
      start();
      await tell(1, inMs(0));
      await tell(1, { ...inMs(120_000), within: 120_000 }, 0);
      await tell(2, inMs(0));
      await tell(2, { ...inMs(120_000), within: 120_000, leased: true }, 0);
      await pass(20);
      offered.length = 0;
      setClock();
      await pass(110_000);
      expect(offered.filter((one) => one === name(2))).toEqual([]);
      await pass(10_000);
      expect(offered.toSorted()).toEqual([name(1), name(2)]);
    });

    it('gets to every item of a backlog above its window, behind items for later too', async () => {
      await tellAll(200, 210, () => inMs(24 * HOUR));
      await tellAll(0, 30, atOnce);
      const dispatcher = start({ window: 4 });
      await pass(20);
      setClock();
      await tellAll(30, 40, atOnce);
      for (let done = 0, round = 0; round < 60 && done < 40; round++) {
        for (; done < offered.length; done++) await tell(Number(offered[done]?.slice('notification-'.length)), 'decided', 0);
        await pass(1_000);
      }
      expect([offered.length, new Set(offered).size]).toEqual([40, 40]);
      expect(dispatcher.waiting()).toBeLessThanOrEqual(4);
    });

    it('begins with the items of its read model as if the clock had been right: nothing waits longer than it had to', async () => {
      await tell(1, atOnce());
      await tell(2, { ...inMs(600_000), within: 600_000 });
      await tell(3, { ...inMs(120_000), within: 120_000, leased: true });
      setClock();
      start();
      await pass(1_000);
      expect(offered.toSorted()).toEqual(step > 0 ? [name(1), name(2), name(3)] : [name(1)]);
      offered.length = 0;
      await pass(120_000);
      expect(offered).toContain(name(3));
      await pass(480_000);
      expect(offered).toContain(name(2));
    });
  });

  it('offers nothing more once it is stopped', async () => {
    const dispatcher = start();
    await tell(1, inMs(0));
    await tell(2, inMs(5_000));
    await pass(20);
    await dispatcher.stop();
    await pass(2 * AGAIN);
    expect(offered).toEqual([name(1)]);
  });
});
