import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { TimerEvent, TimerKind } from '../../contracts/timer.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../../platform/event-bus/memory/memory.ts';
import { type EventStore, StoreUnavailable } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import type { Follower } from '../../platform/followers/follow.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { AtTime, ByTime } from '../../platform/time/by-time.ts';
import { pendingAfter } from '../../system/pending-timers.fixture.ts';
import { startForwarder } from '../forwarder/forward.ts';
import { commandHandler, type OpenCommandHandler } from '../handle-command.ts';
import { SCHEDULER, type SchedulerContext, startScheduler } from './scheduler.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2027-01-01T00:00:00.000Z');
const log = { info: () => {}, warn: () => {}, error: () => {} };
/** Between two looks, and between two tries. */
const A_MOMENT = 2_000;

let store: EventStore;
let bus: EventBus;
let commands: OpenCommandHandler;
/** How many events the read model is behind. */
let behind: number;
let asked: number;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  // Timers go when the test says so; what is asynchronous otherwise goes on by itself.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: START });
  store = inMemoryStore();
  bus = openMemoryBus({ queues: [SCHEDULER.queue], log });
  commands = commandHandler({ store, hmac: (text) => stableId('hmac', text), log });
  behind = 0;
  asked = 0;
  stops.push(startForwarder({ store, bus, log, backoff: 1 }).stop);
});
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0).reverse()) await stop();
});

const at = (hours: number) => new Date(START + hours * HOUR).toISOString();

/** The read model as far as it has come, folded from the log when it is asked. */
const pendingOf =
  (kind: TimerKind): ByTime =>
  async ({ limit, at: known, after }) => {
    asked++;
    const all = await logOf(store);
    const seen = all.slice(0, all.length - behind);
    if ((seen.at(-1)?.position ?? '') < known) return null;
    const found = pendingAfter(seen, kind);
    const keyOf = ({ time, id }: AtTime) => `${time} ${id}`;
    const sorted = found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    return sorted.filter((one) => !after || keyOf(one) > keyOf(after)).slice(0, limit);
  };
const pending = { due_soon: pendingOf('due_soon'), overdue: pendingOf('overdue') };

async function start(more: Partial<SchedulerContext> = {}): Promise<Follower> {
  const scheduler = startScheduler({ store, bus, log, commands, pending, dueSoon: DAY, silence: 1e9, backoff: 1, ...more });
  stops.push(scheduler.stop);
  await vi.waitFor(() => expect(scheduler.active()).toBe(true));
  return scheduler;
}

let sent = 0;
async function tell(type: string, n: number, data: unknown = null): Promise<void> {
  const id = stableId('task', String(n));
  const actor = { id: stableId('somebody'), role: 'member', seesAll: true } as const;
  const commandId = stableId('command', String(sent++));
  await commands.handle({ type, stream: `task-${id}`, id, data, commandId, actor, now: new Date().toISOString() }, { correlationId: commandId });
}
const make = (n: number, hours?: number) => tell('CreateTask', n, { title: `Task ${n}`, ...(hours === undefined ? {} : { deadline: at(hours) }) });

/** Lets the time pass, a step at a time; what is to happen meanwhile happens. */
async function pass(hours: number, step = HOUR / 4): Promise<void> {
  const end = Date.now() + hours * HOUR;
  while (Date.now() < end) {
    await settle();
    vi.advanceTimersByTime(Math.min(end - Date.now(), step));
  }
  await settle();
}

/** What was begun goes on; also what waits a moment. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) {
    for (let n = 0; n < 30; n++) await new Promise(setImmediate);
    vi.advanceTimersByTime(A_MOMENT / 6);
  }
}

/** What has fired: the task’s number, the kind, and after how many hours. */
async function fired(): Promise<[n: number, kind: TimerKind, deadline: number][]> {
  const all = (await logOf(store)).filter(({ type }) => type === 'TimerFired') as (RecordedEvent & TimerEvent)[];
  const numbers = new Map(Array.from({ length: 700 }, (_, n) => [`task-${stableId('task', String(n))}`, n]));
  return all.map(({ data }) => [numbers.get(data.subject) ?? -1, data.kind, (Date.parse(data.time) - START) / HOUR]);
}

describe('a deadline', () => {
  it('fires a day before, and when it has come, and never again', async () => {
    await start();
    await make(1, 72);
    await pass(47);
    expect(await fired()).toEqual([]);
    await pass(2);
    expect(await fired()).toEqual([[1, 'due_soon', 72]]);
    await pass(22);
    expect(await fired()).toHaveLength(1);
    await pass(2);
    expect(await fired()).toEqual([
      [1, 'due_soon', 72],
      [1, 'overdue', 72],
    ]);
    await pass(100);
    expect(await fired()).toHaveLength(2);
  });

  it('that is near already when it is set fires at once', async () => {
    await start();
    await make(1, 5);
    await pass(0.1);
    expect(await fired()).toEqual([[1, 'due_soon', 5]]);
  });

  it('that a clock which was set on has passed fires within a minute; set back after it fired, it does not fire again', async () => {
    await start();
    await make(1, 72);
    await pass(1);
    vi.setSystemTime(START + 73 * HOUR);
    await pass(1 / 60, HOUR / 600);
    expect((await fired()).toSorted()).toEqual([
      [1, 'due_soon', 72],
      [1, 'overdue', 72],
    ]);
    vi.setSystemTime(START + 40 * HOUR);
    await pass(40);
    expect(await fired()).toHaveLength(2);
  });

  it('is waited for, and looked at again after an error, though the clock is set back meanwhile', async () => {
    await start();
    await make(1, 48);
    await pass(1);
    vi.setSystemTime(START - 4 * HOUR);
    await pass(27);
    expect(await fired()).toEqual([]);
    await pass(1.1);
    expect(await fired()).toEqual([[1, 'due_soon', 48]]);
  });

  it('further away than a timer can run fires at its time', async () => {
    await start();
    await make(1, 100 * 24);
    await pass(98 * 24, DAY);
    expect(await fired()).toEqual([]);
    await pass(26);
    expect(await fired()).toEqual([[1, 'due_soon', 2400]]);
  });

  it('that is changed fires at the new time alone', async () => {
    await start();
    await make(1, 72);
    await make(2, 72);
    await make(3);
    await tell('EditTask', 1, { deadline: at(240) });
    await tell('EditTask', 2, { deadline: null });
    await tell('EditTask', 3, { deadline: at(48) });
    await pass(100);
    expect(await fired()).toEqual([
      [3, 'due_soon', 48],
      [3, 'overdue', 48],
    ]);
    await pass(150);
    expect((await fired()).slice(2)).toEqual([
      [1, 'due_soon', 240],
      [1, 'overdue', 240],
    ]);
  });

  it('does not fire in a task that is done or deleted, and does when that is opened again or brought back', async () => {
    await start();
    for (const n of [1, 2, 3]) await make(n, 48);
    await tell('ChangeTaskStatus', 1, { status: 'done' });
    await tell('DeleteTask', 2);
    await tell('ChangeTaskStatus', 3, { status: 'in-progress' });
    await pass(30);
    expect(await fired()).toEqual([[3, 'due_soon', 48]]);
    await tell('ChangeTaskStatus', 1, { status: 'open' });
    await pass(0.1);
    expect((await fired()).slice(1)).toEqual([[1, 'due_soon', 48]]);
    await tell('RestoreTask', 2);
    await pass(0.1);
    expect((await fired()).slice(2)).toEqual([[2, 'due_soon', 48]]);
    await tell('ChangeTaskStatus', 3, { status: 'done' });
    await pass(30);
    expect(
      (await fired())
        .filter(([, kind]) => kind === 'overdue')
        .map(([n]) => n)
        .toSorted(),
    ).toEqual([1, 2]);
  });
});

describe('a scheduler', () => {
  it('that was away catches up, once', async () => {
    const first = await start();
    await make(1, 30);
    await make(2, 60);
    await pass(8);
    expect(await fired()).toEqual([[1, 'due_soon', 30]]);
    await first.stop();
    await make(3, 40);
    vi.setSystemTime(START + 50 * HOUR);
    const second = await start();
    await pass(0.1);
    const caughtUp = (await fired()).slice(1).toSorted();
    expect(caughtUp).toEqual([
      [1, 'overdue', 30],
      [2, 'due_soon', 60],
      [3, 'due_soon', 40],
      [3, 'overdue', 40],
    ]);
    await second.stop();
    await start();
    await pass(5);
    expect(await fired()).toHaveLength(5);
  });

  it('fires once also where two of them fire, as when one is taken for gone', async () => {
    // Each on a bus of its own, so that both are active.
    await start();
    const other = openMemoryBus({ queues: [SCHEDULER.queue], log });
    stops.push(startForwarder({ store: { ...store, append: async () => ({ revision: 0, position: '' }) }, bus: other, log, backoff: 1 }).stop);
    const blind = commandHandler({ store, hmac: (text) => stableId('hmac', text), log });
    await start({ bus: other, commands: blind });
    for (let n = 0; n < 20; n++) await make(n, 30 + n);
    await pass(60);
    expect(await fired()).toHaveLength(40);
    expect(new Set((await fired()).map(String)).size).toBe(40);
  });

  it('fires as many as are due at once, page after page, and sleeps otherwise', async () => {
    for (let n = 0; n < 25; n++) await make(n, 48);
    for (let n = 25; n < 30; n++) await make(n, 480);
    await start({ page: 4 });
    await pass(20);
    expect(await fired()).toEqual([]);
    const before = asked;
    await pass(3);
    expect(asked).toBe(before);
    await pass(1.1);
    expect(new Set((await fired()).map(([n]) => n)).size).toBe(25);
    await pass(24);
    expect(await fired()).toHaveLength(50);
  });

  it('looks at the task itself: what the read model says may be old', async () => {
    await make(1, 48);
    const old = await pending.due_soon({ limit: 10, at: '' });
    await tell('ChangeTaskStatus', 1, { status: 'cancelled' });
    await start({ pending: { due_soon: async () => old, overdue: async () => [] } });
    await pass(60);
    expect(await fired()).toEqual([]);
  });

  it('waits for a read model that is behind', async () => {
    await start();
    behind = 1;
    await make(1, 5);
    await pass(1);
    expect(await fired()).toEqual([]);
    behind = 0;
    await pass(0.1);
    expect(await fired()).toEqual([[1, 'due_soon', 5]]);
  });

  it('tries again where the store is away, or where the answer to what it recorded was lost', async () => {
    const trouble = [new StoreUnavailable('away'), 'lost', new StoreUnavailable('away')];
    const shaky: EventStore = {
      ...store,
      append: async (...given) => {
        const next = given[0].startsWith('timer-') ? trouble.shift() : undefined;
        if (next instanceof Error) throw next;
        const appended = await store.append(...given);
        if (next) throw new StoreUnavailable('away');
        return appended;
      },
    };
    await make(1, 48);
    await make(2, 49);
    await start({ store: shaky });
    await pass(60);
    expect(trouble).toEqual([]);
    expect((await fired()).toSorted()).toEqual([
      [1, 'due_soon', 48],
      [1, 'overdue', 48],
      [2, 'due_soon', 49],
      [2, 'overdue', 49],
    ]);
  });

  it('stops also while it looks', async () => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const scheduler = await start({ pending: { due_soon: () => promise, overdue: () => promise } });
    await make(1, 5);
    await settle();
    const stopping = scheduler.stop();
    resolve(null);
    await stopping;
    expect(await fired()).toEqual([]);
  });
});
