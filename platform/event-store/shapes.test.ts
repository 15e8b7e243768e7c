import { beforeEach, expect, it } from 'vitest';
import { type NewEvent, NO_STREAM } from '../../contracts/message.ts';
import { AppendUnknown, type EventStore, StoreUnavailable } from './event-store.ts';
import { inMemoryStore, newEvent } from './in-memory.fixture.ts';
import { noteOlderLog, notingShapes, unknownShapes } from './shapes.ts';

const PINNED = { ...newEvent('TaskEdited'), type: 'TaskPinned' };
const newer = (event: NewEvent): NewEvent => ({ ...event, metadata: { ...event.metadata, schema: 99 } });
const UNKNOWN = [
  { type: 'TaskPinned', schema: 1 },
  { type: 'TaskEdited', schema: 99 },
];

let bare: EventStore;
beforeEach(() => {
  bare = inMemoryStore();
});

const nth = (category: string, n: number) => `${category}-00000000-0000-4000-8000-00000000000${n}`;

/** The notes in the store, as they were written. */
async function notes(): Promise<unknown[]> {
  const found = [];
  for await (const page of bare.readStream('_shapes')) found.push(...page.map(({ data }) => data));
  return found;
}

it('each type and shape is noted once, before its first event, by however many processes', async () => {
  const stores = [notingShapes(bare), notingShapes(bare), notingShapes(bare)];
  await Promise.all(
    stores.map((store, n) => store.append(nth('task', n), NO_STREAM, [newEvent('TaskCreated'), PINNED, newer(newEvent('TaskEdited'))])),
  );
  for (const [n, store] of stores.entries()) await store.append(nth('user', n), NO_STREAM, [newEvent('UserCreated')]);
  expect(await notes()).toEqual([{ type: 'TaskCreated', schema: 1 }, ...UNKNOWN, { type: 'UserCreated', schema: 1 }]);
  expect(await unknownShapes(bare)).toEqual(UNKNOWN);
});

it('nothing is appended whose type and shape could not be noted', async () => {
  for (const error of [new StoreUnavailable('away'), new AppendUnknown('lost')]) {
    const failing: EventStore = {
      ...bare,
      append: (stream, ...rest) => (stream === '_shapes' ? Promise.reject(error) : bare.append(stream, ...rest)),
    };
    await expect(notingShapes(failing).append(nth('task', 1), NO_STREAM, [PINNED])).rejects.toBeInstanceOf(StoreUnavailable);
  }
  expect(await bare.head()).toBe('');
});

it('a log that an older release wrote is read once, also where some is noted already', async () => {
  await bare.append(nth('task', 1), NO_STREAM, [PINNED, newer(newEvent('TaskEdited'))]);
  await notingShapes(bare).append(nth('task', 2), NO_STREAM, [newEvent('TaskCreated')]);
  expect(await unknownShapes(bare)).toEqual([]);
  expect(await noteOlderLog(bare)).toBe(true);
  expect(await unknownShapes(bare)).toEqual(UNKNOWN);
  let reads = 0;
  const counting: EventStore = {
    ...bare,
    readAll: (options) => {
      reads++;
      return bare.readAll(options);
    },
  };
  expect([await noteOlderLog(counting), reads]).toEqual([false, 0]);
});

it('bookkeeping, and what is not ours, is not noted', async () => {
  await notingShapes(bare).append('_own', NO_STREAM, [PINNED]);
  await notingShapes(bare).append('ticket-7', NO_STREAM, [PINNED]);
  expect(await notes()).toEqual([]);
});
