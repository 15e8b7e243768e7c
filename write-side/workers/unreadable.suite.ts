/** Orders whose stream cannot be read, on whatever bus their offers go. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RecordedEvent, START } from '../../contracts/message.ts';
import type { EventBus } from '../../platform/event-bus/event-bus.ts';
import { type EventStore, type ReadStream, StreamGone, StreamRefused } from '../../platform/event-store/event-store.ts';
import { newEvent } from '../../platform/event-store/in-memory.fixture.ts';
import { openParking } from '../../platform/followers/parking.ts';
import { type OrderRig, openOrderRig } from '../../system/order-rig.fixture.ts';
import { ORDER_DISPATCHER, ORDERS } from './order-rows.ts';
import type { Orders } from './orders.ts';

type Read = (stream: string, options?: ReadStream) => AsyncIterable<RecordedEvent[]>;

async function* failing(error: Error): AsyncGenerator<RecordedEvent[]> {
  yield await Promise.reject(error);
}

async function* pages(...all: RecordedEvent[][]): AsyncGenerator<RecordedEvent[]> {
  yield* all;
}

const placed = { ...newEvent('OrderPlaced'), stream: '', revision: 0, position: START, time: '2026-11-29T09:00:00.000Z' } as RecordedEvent;

/** The reads of a stream, by the reason why it cannot be read, each with words of what is listed. */
const REASONS: Readonly<Record<string, [Read, RegExp]>> = {
  'with a tombstone': [(stream) => failing(new StreamGone(stream, 'tombstone')), /was deleted/],
  'truncated as a whole': [(stream, { tellGone } = {}) => (tellGone ? failing(new StreamGone(stream, 'hidden')) : pages()), /was truncated/],
  'truncated in its beginning': [(stream) => pages([{ ...placed, stream, type: 'OrderProcessing', revision: 3 }]), /beginning/],
  'of an event that this release does not know': [
    (stream) => pages([{ ...placed, stream }], [{ ...placed, stream, type: 'OrderGiftWrapped', revision: 1 }]),
    /OrderGiftWrapped/,
  ],
  'of a newer shape': [(stream) => pages([{ ...placed, stream, metadata: { ...placed.metadata, schema: 99 } }]), /OrderPlaced/],
  'that the store refuses': [() => failing(new StreamRefused('its user may not do that')), /may not do that/],
  'that cannot be decoded': [() => failing(new SyntaxError('Unexpected end of JSON input')), /end of JSON/],
  'with nothing of ours in it': [() => pages(), /nothing like that/],
};

/** Those that show no other events than there are: they may pass while a process runs. */
const PASSING = ['truncated as a whole', 'that the store refuses', 'that cannot be decoded', 'with nothing of ours in it'];

/** Runs the suite on a bus that has the queues of orders. */
export function describeUnreadable(name: string, openBus: () => Promise<EventBus>): void {
  describe(`orders whose stream cannot be read, on ${name}`, () => {
    const broken = new Map<string, Read>();
    /** The streams that workers asked the store for, once for each offer. */
    let offers: string[];
    let bus: EventBus;
    let rig: OrderRig;

    const shown = (store: EventStore): EventStore => ({
      ...store,
      readStream: (stream, options = {}) => {
        if (options.limit === 1 && options.direction === undefined) offers.push(stream);
        return (broken.get(stream) ?? store.readStream)(stream, options);
      },
    });

    beforeEach(async () => {
      offers = [];
      broken.clear();
      bus = await openBus();
      rig = await openOrderRig(bus, shown);
    });
    afterEach(() => rig.close());

    const start = (again = 300): Orders => rig.start({ store: shown(rig.store), again });
    const listed = async () => (await openParking(rig.store, ORDER_DISPATCHER.name)).list();
    const dead = async () => (await bus.queues()).find(({ name: queue }) => queue === `${ORDERS.name}.dead`)?.depth ?? 0;

    async function placeBroken(reasons = Object.keys(REASONS)): Promise<Map<string, RegExp>> {
      const words = new Map<string, RegExp>();
      for (const [n, reason] of reasons.entries()) {
        const [read, word] = REASONS[reason] as [Read, RegExp];
        const stream = await rig.place(n + 1);
        broken.set(stream, read);
        words.set(stream, word);
      }
      return words;
    }

    it('are listed, each with its reason, and offered again and again without a note in the dead queue, while the others are worked', async () => {
      const words = await placeBroken();
      start();
      await vi.waitFor(async () => expect((await listed()).length).toBe(words.size));
      for (const { stream, error } of await listed()) expect(error).toMatch(words.get(stream) as RegExp);
      const before = offers.length;
      const good = await rig.place(100);
      await rig.becomes(good, 'OrderConfirmed');
      await vi.waitFor(() => expect([...words.keys()].filter((stream) => !offers.slice(before).includes(stream))).toEqual([]));
      // What is not there at all leaves one, since a stranger may have offered it.
      expect(await dead()).toBe(1);
      expect((await listed()).length).toBe(words.size);
    });

    it('are worked, and listed no more, once they can be read', async () => {
      const words = await placeBroken(PASSING);
      start();
      await vi.waitFor(async () => expect((await listed()).length).toBe(words.size));
      broken.clear();
      for (const stream of words.keys()) await rig.becomes(stream, 'OrderConfirmed');
      await vi.waitFor(async () => expect(await listed()).toEqual([]));
    });

    it('are tried at once when an operator releases them, who hears what is still wrong', async () => {
      const stream = await rig.place(1);
      const [read] = REASONS['that the store refuses'] as [Read, RegExp];
      broken.set(stream, read);
      const { dispatcher } = start(3_600_000);
      await vi.waitFor(async () => expect((await listed()).length).toBe(1));
      await expect(dispatcher.release(stream, false)).rejects.toThrow('may not do that');
      expect((await listed()).map((one) => one.stream)).toEqual([stream]);
      broken.clear();
      expect(await dispatcher.release(stream, false)).toBe(true);
      await rig.becomes(stream, 'OrderConfirmed');
      expect(await listed()).toEqual([]);
      expect(await dispatcher.release(stream, false)).toBe(false);
    });

    it('are not offered any more once an operator discards them', async () => {
      const stream = await rig.place(1);
      broken.set(stream, () => failing(new SyntaxError('Unexpected end of JSON input')));
      const { dispatcher, waiting } = start(3_600_000);
      await vi.waitFor(async () => expect((await listed()).length).toBe(1));
      expect(await dispatcher.release(stream, true)).toBe(true);
      expect([await listed(), waiting()]).toEqual([[], 0]);
    });
  });
}
