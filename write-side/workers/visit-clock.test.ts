import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Command } from '../../contracts/aggregate.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../../platform/event-bus/memory/memory.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import type { Follower } from '../../platform/followers/follow.ts';
import { hmacForTests, type KeysInMemory, keysInMemory } from '../../platform/sealing/person-keys.fixture.ts';
import { sealedStore } from '../../platform/sealing/sealed-store.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { ByTime } from '../../platform/time/by-time.ts';
import { startForwarder } from '../forwarder/forward.ts';
import { commandHandler, type OpenCommandHandler } from '../handle-command.ts';
import { BLOCKLIST_CLOCK, type EndingEntry, startBlocklistClock, startVisitClock, VISIT_CLOCK, type VisitClockContext } from './visit-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse('2027-01-01T00:00:00.000Z');
const log = { info: () => {}, warn: () => {}, error: () => {} };
const A_MOMENT = 2_000;
const ADMIN = { id: stableId('admin'), role: 'admin', seesAll: true } as const;
const SITE = stableId('site');

let bare: EventStore;
/** When each event was recorded, by its id. */
const taken = new Map<string, string>();
let store: EventStore;
let keys: KeysInMemory;
let bus: EventBus;
let commands: OpenCommandHandler;
/** How many events the read model is behind. */
let behind: number;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: START });
  bare = inMemoryStore();
  keys = keysInMemory();
  // The store in memory has one time for all events.
  const append: EventStore['append'] = (stream, expected, events, options) => {
    for (const { id } of events) taken.set(id, new Date().toISOString());
    return bare.append(stream, expected, events, options);
  };
  store = sealedStore({ ...bare, append }, { keys, hmac: hmacForTests });
  bus = openMemoryBus({ queues: [VISIT_CLOCK.queue, BLOCKLIST_CLOCK.queue], log });
  commands = commandHandler({ store, hmac: hmacForTests, log });
  behind = 0;
  stops.push(startForwarder({ store, bus, log, backoff: 1 }).stop);
  await tell('AddSite', 'site', SITE, { name: 'Court', address: 'Street 1', timeZone: 'UTC' });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0).reverse()) await stop();
});

const at = (hours: number) => new Date(START + hours * HOUR).toISOString();
let sent = 0;
async function tell(type: string, category: string, id: string, data: unknown = null): Promise<void> {
  const commandId = stableId('command', String(sent++));
  const command: Command = { type, stream: `${category}-${id}`, id, data, commandId, actor: ADMIN, now: new Date().toISOString() };
  await commands.handle(command, { correlationId: commandId });
}

const visitOf = (name: string) => stableId('visit', name);
const expectSomebody = (name: string, until: number) =>
  tell('ExpectVisitor', 'visit', visitOf(name), { site: SITE, name, plate: `${name}-1`, from: at(until - 1), until: at(until) });

/** What the read model has, as far as it has come: the visits by a time that their events give. */
function byTime(timeOf: (events: RecordedEvent[]) => string | null): ByTime {
  return async ({ limit, at: known, after }) => {
    const all = await logOf(bare);
    const seen = all.slice(0, all.length - behind);
    if ((seen.at(-1)?.position ?? '') < known) return null;
    const streams = Map.groupBy(
      seen.filter(({ stream }) => stream.startsWith('visit-')),
      ({ stream }) => stream.slice('visit-'.length),
    );
    const found = [...streams].flatMap(([id, events]) => {
      const time = timeOf(events);
      return time === null ? [] : [{ id, time }];
    });
    const keyOf = ({ id, time }: { id: string; time: string }) => `${time} ${id}`;
    const sorted = found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    return sorted.filter((one) => !after || keyOf(one) > keyOf(after)).slice(0, limit);
  };
}
function untilOf([first, ...others]: RecordedEvent[]): string | null {
  return first && others.length === 0 ? (first.data as { until: string }).until : null;
}
function endOf(events: RecordedEvent[]): string | null {
  const last = events.at(-1);
  return !last || events.length === 1 || last.type === 'VisitErased' ? null : (taken.get(last.id) ?? null);
}

async function start(more: Partial<VisitClockContext> = {}): Promise<Follower> {
  const found = { expected: byTime(untilOf), over: byTime(endOf) };
  const clock = startVisitClock({ store, bus, log, commands, personKeys: keys, ...found, keptFor: 90 * DAY, silence: 1e9, backoff: 1, ...more });
  stops.push(clock.stop);
  await vi.waitFor(() => expect(clock.active()).toBe(true));
  return clock;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) {
    for (let n = 0; n < 30; n++) await new Promise(setImmediate);
    vi.advanceTimersByTime(A_MOMENT / 6);
  }
}

/** The clock shows so many hours more; within a minute what waits for a time of day looks at it. */
async function pass(hours: number): Promise<void> {
  vi.setSystemTime(Date.now() + hours * HOUR);
  for (let n = 0; n < 3; n++) {
    await settle();
    vi.advanceTimersByTime(30_000);
  }
  await settle();
}

async function typesOf(name: string): Promise<string[]> {
  return (await logOf(bare)).filter(({ stream }) => stream === `visit-${visitOf(name)}`).map(({ type }) => type);
}
async function textOf(name: string): Promise<string> {
  return JSON.stringify((await logOf(store)).filter(({ stream }) => stream === `visit-${visitOf(name)}`).map(({ data }) => data));
}

describe('a visit', () => {
  it('that nobody came to is missed at the end of its time, once', async () => {
    await start();
    await expectSomebody('Vera', 4);
    await pass(3);
    expect(await typesOf('Vera')).toEqual(['VisitorExpected']);
    await pass(2);
    expect(await typesOf('Vera')).toEqual(['VisitorExpected', 'VisitorMissed']);
    await pass(48);
    expect(await typesOf('Vera')).toHaveLength(2);
  });

  it('is forgotten 90 days after it: the key of who came is destroyed, and the others are left as they are', async () => {
    await start();
    for (const name of ['Vera', 'Ola']) await expectSomebody(name, 4);
    await tell('ArriveVisitor', 'visit', visitOf('Vera'));
    await tell('LeaveVisitor', 'visit', visitOf('Vera'));
    await pass(1);
    await tell('ArriveVisitor', 'visit', visitOf('Ola'));
    await pass(24);
    await tell('LeaveVisitor', 'visit', visitOf('Ola'));
    await pass(88 * 24);
    expect(await textOf('Vera')).toContain('Vera');
    await pass(23.5);
    expect(await typesOf('Vera')).toEqual(['VisitorExpected', 'VisitorArrived', 'VisitorLeft', 'VisitErased']);
    expect(await textOf('Vera')).not.toContain('Vera');
    expect([await textOf('Ola'), keys.people()]).toEqual([expect.stringContaining('Ola'), [`visit:${visitOf('Ola')}`]]);
  });

  it('whose leaving nobody noted is over by then, too', async () => {
    await expectSomebody('Vera', 4);
    await tell('ArriveVisitor', 'visit', visitOf('Vera'));
    await start();
    await pass(91 * 24);
    expect(await typesOf('Vera')).toEqual(['VisitorExpected', 'VisitorArrived', 'VisitorLeft', 'VisitErased']);
  });

  it('that became due while the clock was away is seen to when it is back, however many there are', async () => {
    const names = Array.from({ length: 7 }, (_, n) => `Guest${n}`);
    for (const name of names) await expectSomebody(name, 2);
    vi.setSystemTime(START + 200 * DAY);
    await start({ page: 3 });
    await settle();
    for (const name of names) expect(await typesOf(name)).toEqual(['VisitorExpected', 'VisitorMissed']);
  });

  it('is forgotten where the clock was killed after it destroyed the key', async () => {
    await expectSomebody('Vera', 2);
    await tell('CancelVisit', 'visit', visitOf('Vera'));
    await keys.destroy([`visit:${visitOf('Vera')}`], at(0));
    vi.setSystemTime(START + 91 * DAY);
    await start();
    await settle();
    expect(await typesOf('Vera')).toEqual(['VisitorExpected', 'VisitCancelled', 'VisitErased']);
  });

  it('waits for a read model that is behind', async () => {
    await expectSomebody('Vera', 2);
    behind = 1;
    vi.setSystemTime(START + DAY);
    const clock = await start();
    await settle();
    expect(await typesOf('Vera')).toEqual(['VisitorExpected']);
    expect(clock.paces.map((pace) => pace.trouble())).toContain('their read model has not got as far as the log');
    behind = 0;
    await pass(0.01);
    expect(await typesOf('Vera')).toEqual(['VisitorExpected', 'VisitorMissed']);
  });
});

describe('an entry of who is not let in', () => {
  /** What the read model has: the entries that are not forgotten, by their ends. */
  const ending: ByTime<EndingEntry> = async () => {
    const entries = new Map<string, EndingEntry>();
    for (const { type, data, time } of await logOf(bare)) {
      const { entry: id, until = time } = data as { entry: string; until?: string };
      if (type === 'VisitorBlocked' || type === 'VisitorUnblocked') entries.set(id, { id, site: SITE, time: until });
      if (type === 'BlockErased') entries.delete(id);
    }
    return [...entries.values()].toSorted((a, b) => (a.time < b.time ? -1 : 1));
  };
  const block = (name: string, hours: number) => tell('BlockVisitor', 'blocklist', SITE, { name, reason: 'Broke a door', until: at(hours) });
  const list = async () => (await logOf(store)).filter(({ stream }) => stream === `blocklist-${SITE}`);

  it('is forgotten with its end, or when it is taken off, and the others stay', async () => {
    const clock = startBlocklistClock({ store, bus, log, commands, personKeys: keys, ending, silence: 1e9, backoff: 1 });
    stops.push(clock.stop);
    await vi.waitFor(() => expect(clock.active()).toBe(true));
    for (const [name, hours] of [
      ['Max', 4],
      ['Kim', 400],
      ['Pat', 400],
    ] as const)
      await block(name, hours);
    await pass(3);
    expect(JSON.stringify(await list())).toContain('Max');
    await pass(2);
    const kim = (await list()).find(({ data }) => (data as { name?: string }).name === 'Kim')?.data as { entry: string };
    await tell('UnblockVisitor', 'blocklist', SITE, { entry: kim.entry });
    await pass(0.1);
    const left = await list();
    expect(left.map(({ type }) => type).filter((type) => type === 'BlockErased')).toHaveLength(2);
    expect(left.flatMap(({ data }) => (data as { name?: string }).name ?? [])).toEqual(['[erased]', '[erased]', 'Pat']);
    expect(keys.people().filter((of) => of.startsWith('blocked:'))).toHaveLength(1);
  });
});
