/** The tests that every event store passes: written against the port, run by each implementation's test. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type NewEvent, NO_STREAM, type Position, type RecordedEvent, START } from '../../contracts/message.ts';
import { stableId } from '../stable-id.ts';
import { type EventStore, type ReadAll, type ReadStream, WrongExpectedRevision } from './event-store.ts';
import { anEvent } from './example-event.fixture.ts';

/** A store under test. `reopen` closes it and opens the same data again. */
export interface StoreUnderTest {
  store: EventStore;
  reopen(): Promise<EventStore>;
  cleanup(): Promise<void>;
}

let counter = 0;

export const events = (n: number) => Array.from({ length: n }, () => anEvent());

/** All events of an iteration, its pages joined. */
export async function all(pages: AsyncIterable<RecordedEvent[]>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const page of pages) found.push(...page);
  return found;
}

const ids = (found: readonly { id: string }[]) => found.map((event) => event.id);

/** Appends at whatever revision the stream is at, as a writer does that loses races. */
async function appendSomewhere(store: EventStore, stream: string, batch: NewEvent[], expected = NO_STREAM): Promise<NewEvent[]> {
  try {
    await store.append(stream, expected, batch);
    return batch;
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision)) throw error;
    return appendSomewhere(store, stream, batch, error.actual);
  }
}

const inOrder = (log: RecordedEvent[]) => log.every((event, index) => index === 0 || event.position > (log[index - 1]?.position ?? ''));

/** The numbers that a read should give where the revisions are 0…n-1. */
function slice(numbers: number[], { direction, from, limit }: ReadStream): number[] {
  const wanted = direction === 'forwards' ? numbers.filter((n) => n >= (from ?? 0)) : numbers.filter((n) => n <= (from ?? numbers.length)).reverse();
  return wanted.slice(0, limit);
}

/** Runs the suite. */
export function describeEventStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the event store ${name}`, () => {
    let under: StoreUnderTest;
    let store: EventStore;
    let from: string;
    /** A store may hold other tests' events: what this test appended comes after `from`. */
    const mine = (options: ReadAll = {}) => after(from, options);
    const after = async (position: Position, options: ReadAll = {}) => {
      const found = await all(store.readAll(position === START ? options : { from: position, ...options }));
      return found.filter((event) => event.position > position);
    };
    const stream = () => `task-${stableId('stream', String(++counter), String(Math.random()))}`;

    beforeEach(async () => {
      under = await open();
      store = under.store;
      from = await store.head();
    });
    afterEach(() => under.cleanup());

    it('gives back what was appended, with revision, position and time', async () => {
      const [name, first, second] = [stream(), anEvent({ text: 'ü🦊"\\\n\u2028', deep: [{ a: null }] }), anEvent()];
      const appended = await store.append(name, NO_STREAM, [first, second]);
      const found = await all(store.readStream(name));
      expect(found).toMatchObject([
        { ...first, stream: name, revision: 0 },
        { ...second, stream: name, revision: 1, position: appended.position },
      ]);
      expect(appended.revision).toBe(1);
      expect(found[0]?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(await mine()).toEqual(found);
    });

    it('invariant 3: appends only at the exact revision, and says which one there is', async () => {
      const name = stream();
      await store.append(name, NO_STREAM, events(2));
      for (const wrong of [NO_STREAM, 0, 2, 7]) {
        await expect(store.append(name, wrong, events(1))).rejects.toMatchObject({ name: 'WrongExpectedRevision', actual: 1 });
      }
      await expect(store.append(stream(), 0, events(1))).rejects.toBeInstanceOf(WrongExpectedRevision);
      expect(await all(store.readStream(name))).toHaveLength(2);
    });

    it('invariant 3: answers a repeated append as the first time, and records nothing', async () => {
      const [name, batch] = [stream(), events(3)];
      const first = await store.append(name, NO_STREAM, batch);
      await store.append(name, 2, events(1));
      expect(await store.append(name, NO_STREAM, batch)).toEqual(first);
      expect(await all(store.readStream(name))).toHaveLength(4);
    });

    it('invariant 3: knows a repeated append after it was opened again, whole or its beginning, in the log and in bookkeeping', async () => {
      for (const name of [stream(), `_${stream()}`]) {
        const batch = events(3);
        const first = await store.append(name, NO_STREAM, batch);
        store = await under.reopen();
        expect(await store.append(name, NO_STREAM, batch)).toEqual(first);
        expect(await store.append(name, 0, batch.slice(1))).toEqual(first);
        expect(await store.append(name, NO_STREAM, batch.slice(0, 2))).toMatchObject({ revision: 1 });
        expect(await all(store.readStream(name))).toHaveLength(3);
      }
    });

    it('invariant 3: takes an append with other ids, or with more of them, for another append', async () => {
      const [name, batch] = [stream(), events(2)];
      await store.append(name, NO_STREAM, batch);
      for (const other of [events(2), [...batch, anEvent()], [...batch].reverse(), batch.slice(1)])
        await expect(store.append(name, NO_STREAM, other)).rejects.toMatchObject({ actual: 1 });
      expect(ids(await all(store.readStream(name)))).toEqual(ids(batch));
    });

    it('invariant 3: one of many that expect the same revision wins, and the others are told', async () => {
      const name = stream();
      const outcomes = await Promise.allSettled(events(20).map((event) => store.append(name, NO_STREAM, [event])));
      const lost = outcomes.filter((one) => one.status === 'rejected').map((one) => one.reason);
      expect(lost).toHaveLength(19);
      for (const error of lost) expect(error).toMatchObject({ name: 'WrongExpectedRevision', stream: name, expected: NO_STREAM, actual: 0 });
    });

    it('gives back any JSON as it was', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.jsonValue({ stringUnit: 'binary' }), { minLength: 1, maxLength: 5 }), async (values) => {
          const name = stream();
          await store.append(name, NO_STREAM, values.map(anEvent));
          expect(JSON.stringify((await all(store.readStream(name))).map((event) => event.data))).toBe(JSON.stringify(values));
        }),
        { numRuns: 30 },
      );
    });

    it('reads a stream of several pages in both directions', async () => {
      const [name, batch] = [stream(), events(2_345)];
      for (let at = 0; at < batch.length; at += 500) await store.append(name, at - 1, batch.slice(at, at + 500));
      expect(ids(await all(store.readStream(name)))).toEqual(ids(batch));
      expect(ids(await all(store.readStream(name, { direction: 'backwards' }))).reverse()).toEqual(ids(batch));
      expect(ids(await all(store.readStream(name, { from: 999, limit: 1_003 })))).toEqual(ids(batch.slice(999, 2_002)));
    });

    it('refuses an append of nothing', async () => {
      await expect(store.append(stream(), NO_STREAM, [])).rejects.toThrow();
    });

    it('takes an event of a megabyte', async () => {
      const [name, large] = [stream(), anEvent({ text: 'x'.repeat(1_000_000) })];
      await store.append(name, NO_STREAM, [large]);
      expect((await all(store.readStream(name)))[0]?.data).toEqual(large.data);
    });

    it('invariant 3: any interleaving of appends by many writers leaves each stream with revisions 0..n-1, and one order of all', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ stream: fc.nat(3), size: fc.integer({ min: 1, max: 3 }) }), { minLength: 1, maxLength: 40 }),
          async (plan) => {
            const start = await store.head();
            const names = Array.from({ length: 4 }, stream);
            const write = ({ stream: which, size }: (typeof plan)[number]) => appendSomewhere(store, names[which] as string, events(size));
            const written = await Promise.all(plan.map(write));
            const log = await after(start);
            expect(ids(log).sort()).toEqual(ids(written.flat()).sort());
            expect(inOrder(log)).toBe(true);
            for (const name of names) {
              const own = await all(store.readStream(name));
              expect(own.map((event) => event.revision)).toEqual(own.map((_, index) => index));
              expect(own).toEqual(log.filter((event) => event.stream === name));
            }
            for (const batch of written) {
              const at = log.findIndex((event) => event.id === batch[0]?.id);
              expect(ids(log.filter((event) => event.stream === log[at]?.stream)).join()).toContain(ids(batch).join());
            }
          },
        ),
        { numRuns: 15 },
      );
    });

    it('reads a stream forwards and backwards, from a revision, up to a limit', async () => {
      const name = stream();
      const batch = events(12);
      await store.append(name, NO_STREAM, batch);
      const options = fc.record(
        { direction: fc.constantFrom('forwards' as const, 'backwards' as const), from: fc.nat(14), limit: fc.integer({ min: 1, max: 15 }) },
        { requiredKeys: ['direction'] },
      );
      await fc.assert(
        fc.asyncProperty(options, async (wanted) => {
          const found = await all(store.readStream(name, wanted));
          expect(found.map((event) => event.revision)).toEqual(slice([...batch.keys()], wanted));
          expect(ids(found)).toEqual(found.map((event) => batch[event.revision]?.id));
        }),
      );
      expect(await all(store.readStream(stream()))).toEqual([]);
    });

    it('reads all forwards and backwards, from a position, up to a limit, in pages of the size asked for', async () => {
      const batch = events(9);
      for (const event of batch) await store.append(stream(), NO_STREAM, [event]);
      const log = await mine();
      expect(ids(log)).toEqual(ids(batch));
      expect(await store.head()).toBe(log.at(-1)?.position);
      for (const [index, event] of log.entries()) {
        expect(ids(await all(store.readAll({ from: event.position, limit: 3 })))).toEqual(ids(log.slice(index, index + 3)));
        const back = await all(store.readAll({ direction: 'backwards', from: event.position, limit: index + 1 }));
        expect(ids(back)).toEqual(ids(log.slice(0, index + 1).reverse()));
      }
      expect(ids((await all(store.readAll({ direction: 'backwards', limit: 2 }))).reverse())).toEqual(ids(log.slice(-2)));
      for await (const page of store.readAll({ from: log[0]?.position ?? '', page: 4 })) expect(page.length).toBeLessThanOrEqual(4);
    });

    it('reads the same leanly', async () => {
      for (const data of [null, { text: 'two\nlines \u2028 "\\" 😀' }, [], 'text', 0])
        await store.append(stream(), NO_STREAM, [anEvent(data), anEvent()]);
      const lean = await mine({ lean: true, page: 3 });
      const read = lean.map(({ id, type, stream, revision, position, time, data, metadata }) => ({
        ...{ id, type, stream, revision, position, time, data, metadata },
      }));
      expect(read).toEqual(await mine());
      expect(ids(await all(store.readAll({ from: lean[4]?.position ?? '', limit: 3, lean: true })))).toEqual(ids(lean.slice(4, 7)));
    });

    it('leaves bookkeeping out of the log of events, and keeps only the last events of it where asked to', async () => {
      const name = `_checkpoint-${stableId(String(Math.random()))}`;
      await store.append(stream(), NO_STREAM, events(1));
      for (let revision = NO_STREAM; revision < 9; revision++) await store.append(name, revision, events(1), { keep: 3 });
      expect(await mine()).toHaveLength(1);
      expect((await all(store.readStream(name))).map((event) => event.revision)).toEqual([7, 8, 9]);
      expect((await all(store.readStream(name, { direction: 'backwards', limit: 1 })))[0]?.revision).toBe(9);
      await expect(store.append(name, 3, events(1))).rejects.toMatchObject({ actual: 9 });
      expect((await all(store.readAll({ log: 'bookkeeping' }))).filter((event) => event.stream === name)).toHaveLength(3);
    });

    it('gives back the times it was given: the log of another store keeps them when it is moved', async () => {
      const times = ['1999-12-31T23:59:59.999Z', '2026-11-21T09:00:00.000Z', '2026-11-21T09:00:00.001Z'];
      for (const name of [stream(), `_${stream()}`]) {
        const batch = events(4);
        await store.append(name, NO_STREAM, batch.slice(0, 3), { times });
        await store.append(name, 2, batch.slice(3));
        store = await under.reopen();
        const found = await all(store.readStream(name));
        expect(found).toMatchObject(batch);
        expect(found.slice(0, 3).map(({ time }) => time)).toEqual(times);
        expect(found[3]?.time.slice(0, 4)).toBe(String(new Date().getUTCFullYear()));
      }
      expect((await mine()).slice(0, 3).map(({ time }) => time)).toEqual(times);
    });

    it.each([[['2026-11-21T09:00:00.000Z']], [['2026-11-21T09:00:00.000Z', '2026-11-21']], [['2026-11-21T09:00:00.000Z', 'noon']]])(
      'refuses two events with the times %j',
      async (times) => {
        await expect(store.append(stream(), NO_STREAM, events(2), { times })).rejects.toBeInstanceOf(RangeError);
      },
    );

    it('keeps everything when it is closed and opened again', async () => {
      const name = stream();
      await store.append(name, NO_STREAM, events(3));
      const before = await mine();
      store = await under.reopen();
      expect(await mine()).toEqual(before);
      await expect(store.append(name, 2, events(1))).resolves.toMatchObject({ revision: 3 });
    });

    it('invariant 13: a subscription gives what is there, then what comes, from any position, while others write', async () => {
      const before = events(5);
      for (const event of before) await store.append(stream(), NO_STREAM, [event]);
      const log = await mine();
      const starts = [from, log[2]?.position ?? START, await store.head()];
      const total = 60;
      const readers = starts.map(async (after) => {
        const ending = new AbortController();
        const seen: RecordedEvent[] = [];
        for await (const page of store.subscribe({ after, signal: ending.signal })) {
          seen.push(...page);
          if (seen.at(-1)?.data === 'the end') ending.abort();
        }
        return { after, seen };
      });
      await Promise.all(Array.from({ length: total }, () => store.append(stream(), NO_STREAM, events(1))));
      await store.append(stream(), NO_STREAM, [anEvent('the end')]);
      const whole = await mine();
      for (const { after, seen } of await Promise.all(readers)) expect(seen).toEqual(whole.filter((event) => event.position > after));
    });

    it('invariant 13: a subscription ends when its signal aborts, even while it waits', async () => {
      const ending = new AbortController();
      const waiting = all(store.subscribe({ after: await store.head(), signal: ending.signal }));
      ending.abort();
      expect(await waiting).toEqual([]);
    });

    it('invariant 13: a subscription ends without an error when the store is closed', async () => {
      await store.append(stream(), NO_STREAM, events(2));
      const seen: RecordedEvent[] = [];
      const following = (async () => {
        for await (const page of store.subscribe({ after: from, signal: new AbortController().signal })) seen.push(...page);
      })();
      await vi.waitFor(() => expect(seen).toHaveLength(2));
      store = await under.reopen();
      await following;
      expect(await mine()).toEqual(seen);
    });
  });
}
