import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { RepairEvent } from '../../contracts/repair.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import { openMemoryBus } from '../../platform/event-bus/memory/memory.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { inMemoryStore, logOf } from '../../platform/event-store/in-memory.fixture.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { AtTime, ByTime } from '../../platform/time/by-time.ts';
import { noRepair, repairAfter } from '../deciders/repair-state.ts';
import { startForwarder } from '../forwarder/forward.ts';
import { commandHandler, type OpenCommandHandler } from '../handle-command.ts';
import { CLOSING_REPAIRS, startClosingRepairs } from './close-repairs.ts';

const DAY = 86_400_000;
const START = Date.parse('2027-01-01T00:00:00.000Z');
const SITE = stableId('site');
const WORKER = stableId('worker');
const log = { info: () => {}, warn: () => {}, error: () => {} };
const admin = { id: stableId('admin'), role: 'admin', seesAll: true } as const;

let store: EventStore;
let bus: EventBus;
let commands: OpenCommandHandler;
/** True while the read model does not get on. */
let behind: boolean;
const stops: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'], now: START });
  store = inMemoryStore();
  bus = openMemoryBus({ queues: [CLOSING_REPAIRS.queue], log });
  commands = commandHandler({ store, hmac: (text) => stableId('hmac', text), log });
  behind = false;
  stops.push(startForwarder({ store, bus, log, backoff: 1 }).stop);
  await tell('AddSite', SITE, { name: 'Court', address: 'Here', timeZone: 'UTC' }, 'site');
  await tell('RegisterUser', WORKER, { name: 'Will', email: 'will@example.org', role: 'maintenance' }, 'user');
});
afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The read model, folded from the log when it is asked. */
const pending: ByTime = async ({ limit, after }) => {
  if (behind) return null;
  const byStream = Map.groupBy(
    (await logOf(store)).filter(({ stream }) => stream.startsWith('repair-')),
    ({ stream }) => stream.slice('repair-'.length),
  );
  const waiting = [...byStream].flatMap(([id, events]) => {
    const due = (events as (RecordedEvent & RepairEvent)[]).reduce(repairAfter, noRepair).confirmUntil;
    return due ? [{ id, time: due }] : [];
  });
  const keyOf = ({ time, id }: AtTime) => `${time} ${id}`;
  const sorted = waiting.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return sorted.filter((one) => !after || keyOf(one) > keyOf(after)).slice(0, limit);
};

let sent = 0;
async function tell(type: string, id: string, data: unknown, category = 'repair'): Promise<void> {
  const commandId = stableId('command', String(sent++));
  const stream = `${category}-${id}`;
  await commands.handle({ type, stream, id, data, commandId, actor: admin, now: new Date().toISOString() }, { correlationId: commandId });
}

async function start(): Promise<void> {
  const closing = startClosingRepairs({ store, bus, log, commands, pending, silence: 1e9, backoff: 1, page: 2 });
  stops.push(closing.stop);
  await vi.waitFor(() => expect(closing.active()).toBe(true));
}

/** A request that is done now. */
async function done(n: number): Promise<string> {
  const id = stableId('repair', String(n));
  await tell('FileRepair', id, { site: SITE, title: `It drips ${n}` });
  await tell('AssignRepair', id, { userId: WORKER });
  await tell('SetRepairState', id, { state: 'done' });
  return id;
}

const statusOf = async (id: string) => (await commands.load<{ status: string }>(`repair-${id}`)).state.status;

/** Lets days pass, an hour at a time; what is to happen meanwhile happens. */
async function pass(days: number): Promise<void> {
  for (let hour = 0; hour < days * 24; hour++) {
    for (let n = 0; n < 20; n++) await new Promise(setImmediate);
    vi.advanceTimersByTime(DAY / 24);
  }
  for (let n = 0; n < 60; n++) {
    await new Promise(setImmediate);
    vi.advanceTimersByTime(100);
  }
}

it('closes each request once its fourteen days are over, also those that were due before it began, page after page', async () => {
  const before = [await done(0), await done(1), await done(2)];
  await pass(15);
  await start();
  const later = await done(3);
  await pass(1);
  expect(await Promise.all(before.map(statusOf))).toEqual(['closed', 'closed', 'closed']);
  expect(await statusOf(later)).toBe('done');
  await pass(14);
  expect(await statusOf(later)).toBe('closed');
  const closed = (await logOf(store)).filter(({ data }) => (data as { to?: string }).to === 'closed');
  expect(closed).toHaveLength(4);
});

it('leaves alone what was confirmed, or reopened and done later', async () => {
  await start();
  const [confirmed, reopened] = [await done(0), await done(1)];
  await tell('ReopenRepair', reopened, { reason: 'It drips.' });
  await commands.handle(
    {
      ...{ type: 'ConfirmRepair', stream: `repair-${confirmed}`, id: confirmed, data: null, commandId: stableId('confirm') },
      actor: { ...admin, role: 'system' },
      now: new Date().toISOString(),
    },
    { correlationId: stableId('confirm') },
  );
  await pass(7);
  await tell('SetRepairState', reopened, { state: 'done' });
  await pass(8);
  expect([await statusOf(confirmed), await statusOf(reopened)]).toEqual(['confirmed', 'done']);
  await pass(7);
  expect(await statusOf(reopened)).toBe('closed');
});

it('waits for a read model that is behind, and closes then', async () => {
  await start();
  const id = await done(0);
  behind = true;
  await pass(15);
  expect(await statusOf(id)).toBe('done');
  behind = false;
  await pass(1);
  expect(await statusOf(id)).toBe('closed');
});
