/** The forwarder: publishes the log to the bus, in its order, and moves its checkpoint only after the broker confirmed (invariant 6). */
import { setTimeout as delay } from 'node:timers/promises';
import { type Position, START } from '../../contracts/message.ts';
import { keepTrying } from '../../platform/concurrency/keep-trying.ts';
import { takingTurns } from '../../platform/concurrency/taking-turns.ts';
import { BusUnavailable, type EventBus, type Publisher } from '../../platform/event-bus/event-bus.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { countAfter } from '../../platform/followers/count-after.ts';
import { type Pace, paceMeter } from '../../platform/followers/pace.ts';
import { beginningOf, type ForwarderCheckpoint, forwarderCheckpoint } from './checkpoint.ts';
import { inParts, type Publishing, publishing } from './publishing.ts';

export interface ForwarderContext {
  store: EventStore;
  bus: EventBus;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
  /** The most messages given to the publisher at once; up to twice as many are in flight. Default 1,000. */
  batch?: number;
  /** Milliseconds before the forwarder starts again after an error, doubled each time up to fifty times as many; default 100. */
  backoff?: number;
}

export interface Forwarder {
  /** Position of the last event whose message was confirmed; START before the first. */
  position(): Position;
  /** True while this process is the one that forwards. */
  active(): boolean;
  /** The number of events not forwarded yet, counted up to 10,000. */
  lag(): Promise<number>;
  /** How it gets on. */
  readonly paces: readonly Pace[];
  /** Stops after the messages at hand and writes its checkpoint. */
  stop(): Promise<void>;
}

const MOST_LAG = 10_000;
/** Milliseconds that stopping waits for the broker's last confirms; what they missed is published again. */
const LAST_CONFIRMS = 2_000;

/** Starts a forwarder. Of several processes one is active, the others wait; after any error it begins again from its checkpoint. */
export function startForwarder({ store, bus, log, batch = 1_000, backoff }: ForwarderContext): Forwarder {
  const stopping = new AbortController();
  let session = new AbortController();
  const fail = (error: unknown) => session.abort(error);
  const checkpoint = forwarderCheckpoint(store, fail);
  let position: Position = START;
  let active = false;
  const pace = paceMeter('forwarder', (head) => position < head);

  async function attempt(isWell: () => void): Promise<void> {
    const well = () => {
      isWell();
      pace.well();
    };
    const publisher = await bus.publisher(stopping.signal);
    session = new AbortController();
    const lose = () => fail(new BusUnavailable('the hold on the bus was lost'));
    publisher.lost.addEventListener('abort', lose);
    pace.begins();
    try {
      if (!stopping.signal.aborted) await forward(publisher, session.signal, well);
    } catch (error) {
      pace.failed(error);
      throw error;
    } finally {
      active = false;
      pace.ends();
      publisher.lost.removeEventListener('abort', lose);
      await publisher.release();
    }
  }

  /** Forwards until the forwarder is stopped. Rejects with the reason for which `signal` aborts. */
  async function forward(publisher: Publisher, signal: AbortSignal, well: () => void): Promise<void> {
    const from = await begin();
    const moved = (to: ForwarderCheckpoint) => {
      checkpoint.save(to);
      position = to.position;
      well();
    };
    const pause = takingTurns();
    active = true;
    const flow = publishing(publisher, { from, signal, moved, failed: fail });
    try {
      for await (const part of inParts(store.subscribe({ after: from.position, signal }), batch)) {
        if (signal.aborted) break;
        await flow.publish(part);
        await pause();
      }
      await finish(flow, signal);
    } finally {
      flow.end();
    }
  }

  /** Writes the checkpoint before anything is published: a forwarder that was active before loses its next write, and steps down. */
  async function begin(): Promise<ForwarderCheckpoint> {
    const { at, foreign } = await beginningOf(store, await checkpoint.load());
    if (foreign) log.warn({ position: at.position }, 'the event store is not the one that was forwarded; forwarding goes on from its end');
    await checkpoint.write(at);
    position = at.position;
    return at;
  }

  async function finish(flow: Publishing, signal: AbortSignal): Promise<void> {
    if (!stopping.signal.aborted) signal.throwIfAborted();
    await Promise.race([flow.settled(), delay(LAST_CONFIRMS, undefined, { ref: false })]).catch(() => {});
    await checkpoint.flush();
  }

  const running = keepTrying({ name: 'forwarder', log, signal: stopping.signal, ...(backoff === undefined ? {} : { backoff }) }, attempt);
  return {
    position: () => position,
    active: () => active,
    paces: [pace],
    lag: () => countAfter(store, position, MOST_LAG),
    stop: async () => {
      stopping.abort();
      fail(stopping.signal.reason);
      await running;
    },
  };
}
