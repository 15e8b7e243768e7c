import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EventBus, Offer } from '../event-bus/event-bus.ts';
import { openMemoryBus } from '../event-bus/memory/memory.ts';
import { OFFERS } from '../event-bus/queues.fixture.ts';
import { type Competing, compete } from './compete.ts';

const log = { info: () => {}, warn: () => {} };

/** Workers as if in a process of their own, whose handlers end when the test says so. */
interface Process {
  /** Streams being handled, in the order in which they came. */
  atHand: string[];
  /** All streams that the handlers got. */
  got: string[];
  /** Ends the handling of a stream. */
  end(stream: string): void;
  /** True where the handlers were told to end. */
  isTold(): boolean;
  stop(): Promise<void>;
}

let bus: EventBus;
const processes: Process[] = [];
beforeEach(() => {
  bus = openMemoryBus({ queues: [OFFERS], log });
});
afterEach(async () => {
  for (const one of processes.splice(0)) {
    for (const stream of one.got) one.end(stream);
    await one.stop();
  }
  await bus.close();
});

function startProcess(workers: number, more: Partial<Competing> = {}): Process {
  const [atHand, got]: [string[], string[]] = [[], []];
  const ends = new Map<string, () => void>();
  let told: AbortSignal | undefined;
  const handle = async ({ stream }: Offer) => {
    atHand.push(stream);
    got.push(stream);
    await new Promise<void>((resolve) => {
      ends.set(stream, resolve);
      told?.addEventListener('abort', () => resolve(), { once: true });
    });
    atHand.splice(atHand.indexOf(stream), 1);
  };
  const handler: Competing['handler'] = (_, ending) => {
    told = ending;
    return handle;
  };
  const { stop } = compete({ bus, log, queue: OFFERS, workers, handler, ...more });
  const process = { atHand, got, end: (stream: string) => ends.get(stream)?.(), isTold: () => told?.aborted === true, stop };
  processes.push(process);
  return process;
}

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 10_000, interval: 1 });
const offer = (stream: string) => bus.offer(OFFERS, { stream });
const queued = async () => (await bus.queues()).find(({ name }) => name === OFFERS.name);
const consumers = async (count: number) => until(async () => expect((await queued())?.consumers).toBe(count));

describe('a worker', () => {
  it('of a queue that the bus was opened without is refused at once', () => {
    expect(() => startProcess(1, { queue: { ...OFFERS, name: 'forgotten' } })).toThrow('the event bus was opened without the queue forgotten');
  });

  it('takes one offer at a time; what waits is taken by a process that starts meanwhile', async () => {
    const first = startProcess(1);
    await consumers(1);
    for (const stream of ['order-1', 'order-2', 'order-3']) await offer(stream);
    await until(() => expect(first.atHand).toEqual(['order-1']));
    expect((await queued())?.depth).toBe(2);
    const second = startProcess(1);
    await until(() => expect(second.atHand).toEqual(['order-2']));
    expect([first.got, (await queued())?.depth]).toEqual([['order-1'], 1]);
    second.end('order-2');
    await until(() => expect(second.atHand).toEqual(['order-3']));
    expect(first.got).toEqual(['order-1']);
  });

  it('is held up by its own offer only: the others of its process go on', async () => {
    const one = startProcess(2);
    await consumers(2);
    for (const stream of ['order-slow', 'order-1', 'order-2', 'order-3']) await offer(stream);
    for (const stream of ['order-1', 'order-2', 'order-3']) {
      await until(() => expect(one.atHand).toEqual(['order-slow', stream]));
      one.end(stream);
    }
    await until(() => expect(one.atHand).toEqual(['order-slow']));
  });

  it('takes nothing before it is ready', async () => {
    const gate = Promise.withResolvers<void>();
    const one = startProcess(1, { ready: () => gate.promise });
    await offer('order-1');
    expect((await queued())?.consumers).toBe(0);
    gate.resolve();
    await until(() => expect(one.atHand).toEqual(['order-1']));
  });
});

describe('stop', () => {
  it('takes nothing more, and waits for what is at hand', async () => {
    const one = startProcess(1);
    await consumers(1);
    await offer('order-1');
    await offer('order-2');
    await until(() => expect(one.atHand).toEqual(['order-1']));
    let stopped = false;
    const stopping = one.stop().then(() => {
      stopped = true;
    });
    await consumers(0);
    expect(stopped).toBe(false);
    one.end('order-1');
    await stopping;
    expect(one.isTold()).toBe(false);
    expect([one.got, (await queued())?.depth]).toEqual([['order-1'], 1]);
    const next = startProcess(1);
    await until(() => expect(next.atHand).toEqual(['order-2']));
  });

  it('tells what takes longer than its grace to end', async () => {
    const one = startProcess(1, { grace: 50 });
    await consumers(1);
    await offer('order-1');
    await until(() => expect(one.atHand).toEqual(['order-1']));
    expect(one.isTold()).toBe(false);
    await one.stop();
    expect([one.isTold(), one.atHand]).toEqual([true, []]);
  });
});
