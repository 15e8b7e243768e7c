import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Metadata, type NewEvent, NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { isOurs } from '../../contracts/ours.ts';
import { type EventStore, type ReadAll, type ReadStream, WrongExpectedRevision } from './event-store.ts';
import { openForeign } from './foreign.ts';
import { inMemoryStore, newEvent } from './in-memory.fixture.ts';
import { onlyOurs } from './only-ours.ts';

let whole: EventStore;
let store: EventStore;
beforeEach(() => {
  whole = inMemoryStore();
  store = onlyOurs(whole, openForeign());
});

const aStream = () => `task-${randomUUID()}`;
const ours = () => newEvent('TaskCommented');
const foreign = (): NewEvent => ({ ...newEvent('TaskCommented'), metadata: {} as Metadata });

async function all(pages: AsyncIterable<RecordedEvent[]>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

const ids = (events: readonly { id: string }[]) => events.map(({ id }) => id);

/** Appends at whatever revision the stream is at, as others do. */
async function put(stream: string, events: NewEvent[]): Promise<void> {
  const there = await all(whole.readStream(stream));
  await whole.append(stream, there.at(-1)?.revision ?? NO_STREAM, events);
}

const NAMES = ['task-7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07', 'task-8d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08', 'ticket-7', 'order-4711', '_x'];
const written = fc.array(fc.record({ stream: fc.constantFrom(...NAMES), mine: fc.boolean() }), { maxLength: 40 });
const directions = fc.constantFrom('forwards' as const, 'backwards' as const);

/** What a read with the limit gives: the first of ours of what one without it gives. */
async function expected(pages: AsyncIterable<RecordedEvent[]>, limit?: number): Promise<string[]> {
  return ids((await all(pages)).filter(isOurs).slice(0, limit));
}

function withoutLimit<O extends { limit?: number }>({ limit: _, ...rest }: O): Omit<O, 'limit'> {
  return rest;
}

describe('a store that others use', () => {
  it('gives of each read what is ours, up to its limit, from any place, in both directions', async () => {
    const reads = fc.record({ direction: directions, limit: fc.integer({ min: 1, max: 12 }), from: fc.nat(45) }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(written, reads, fc.constantFrom(...NAMES), async (events, read, name) => {
        whole = inMemoryStore();
        store = onlyOurs(whole, openForeign());
        for (const { stream, mine } of events) await put(stream, [mine ? ours() : foreign()]);
        const { from, ...rest } = read;
        const options: ReadAll = from === undefined ? rest : { ...rest, from: String(from).padStart(16, '0') };
        expect(ids(await all(store.readAll(options)))).toEqual(await expected(whole.readAll(withoutLimit(options)), read.limit));
        expect(ids(await all(store.readStream(name, read)))).toEqual(
          await expected(whole.readStream(name, withoutLimit(read as ReadStream)), read.limit),
        );
      }),
    );
  });

  it('reads on behind more foreign events than it asked for, in few reads', async () => {
    const [first, last] = [aStream(), aStream()];
    await store.append(first, NO_STREAM, [ours()]);
    await put('ticket-7', Array.from({ length: 1_000 }, ours));
    await store.append(last, NO_STREAM, [ours()]);
    await put('ticket-8', Array.from({ length: 1_000 }, ours));
    const reads = vi.spyOn(whole, 'readAll');
    for (const direction of ['forwards', 'backwards'] as const)
      expect((await all(store.readAll({ direction, limit: 2 }))).map(({ stream }) => stream).sort()).toEqual([first, last].sort());
    expect(reads.mock.calls.length).toBeLessThan(30);
  });

  it('subscribes to what is ours', async () => {
    const ending = new AbortController();
    const name = aStream();
    await put('ticket-7', [ours()]);
    await put(name, [foreign(), ours()]);
    const seen: RecordedEvent[] = [];
    for await (const page of store.subscribe({ signal: ending.signal })) {
      seen.push(...page);
      if (seen.length === 2) ending.abort();
      else await put('ticket-7', [ours()]).then(() => put(name, [ours()]));
    }
    expect(seen.map(({ stream, revision }) => [stream, revision])).toEqual([
      [name, 1],
      [name, 2],
    ]);
  });

  it('gives a reader who wants to see it what is foreign, too', async () => {
    await put('ticket-7', [ours()]);
    expect(await all(store.readAll())).toEqual([]);
    expect(await all(store.readAll({ foreign: true }))).toHaveLength(1);
  });

  it('invariant 3: appends behind what others wrote into our streams, also where nothing of ours was before', async () => {
    const name = aStream();
    await put(name, [foreign()]);
    expect(await store.append(name, NO_STREAM, [ours(), ours()])).toMatchObject({ revision: 2 });
    await put(name, [foreign(), foreign()]);
    expect(await store.append(name, 2, [ours()])).toMatchObject({ revision: 5 });
    expect((await all(store.readStream(name))).map(({ revision }) => revision)).toEqual([1, 2, 5]);
  });

  it('invariant 3: appends where others write at the same time', async () => {
    const name = aStream();
    await put(name, [ours()]);
    const append = whole.append;
    let others = 3;
    vi.spyOn(whole, 'append').mockImplementation(async (...args) => {
      if (others-- > 0) await append(name, (await all(whole.readStream(name))).length - 1, [foreign()]);
      return append(...args);
    });
    expect(await onlyOurs({ ...whole }, openForeign()).append(name, 0, [ours()])).toMatchObject({ revision: 4 });
  });

  it('invariant 3: refuses an append that lost the race to one of ours', async () => {
    const name = aStream();
    await store.append(name, NO_STREAM, [ours()]);
    await put(name, [foreign(), ours(), foreign()]);
    for (const wrong of [NO_STREAM, 0, 7]) await expect(store.append(name, wrong, [ours()])).rejects.toBeInstanceOf(WrongExpectedRevision);
    await expect(store.append(name, 1, [ours()])).rejects.toBeInstanceOf(WrongExpectedRevision);
    expect(await store.append(name, 2, [ours()])).toMatchObject({ revision: 4 });
  });

  it('invariant 3: answers a repeated append as the first time, though it was recorded behind something foreign', async () => {
    const name = aStream();
    const batch = [ours(), ours()];
    await store.append(name, NO_STREAM, [ours()]);
    await put(name, [foreign()]);
    const first = await store.append(name, 0, batch);
    expect(first).toMatchObject({ revision: 3 });
    await put(name, [foreign()]);
    await store.append(name, 3, [ours()]);
    expect(await store.append(name, 0, batch)).toEqual(first);
    expect(await store.append(name, 0, batch.slice(0, 1))).toMatchObject({ revision: 2 });
    await expect(store.append(name, 0, batch.toReversed())).rejects.toBeInstanceOf(WrongExpectedRevision);
    expect(await all(store.readStream(name))).toHaveLength(4);
  });

  it('does not append behind events that the stream hides', async () => {
    const name = '_x';
    await whole.append(name, NO_STREAM, [ours(), ours(), foreign()], { keep: 1 });
    await expect(store.append(name, NO_STREAM, [ours()])).rejects.toBeInstanceOf(WrongExpectedRevision);
    expect(await store.append(name, 1, [ours()])).toMatchObject({ revision: 3 });
  });
});
