/**
 * An order worker's work: lease an order, hold it against the rules, record what comes of it. It may die anywhere: what it did not record
 * did not happen, and the next worker begins anew once the lease is over.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { idOf } from '../../contracts/message.ts';
import type { Reason } from '../../contracts/order.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../decider.ts';
import type { OrderState, WorkerCommand } from '../deciders/order.ts';
import { orAborted } from '../event-bus/abortable.ts';
import { DeadLetter, type Offer } from '../event-bus/event-bus.ts';
import type { EventStore } from '../event-store/event-store.ts';
import { stableId } from '../stable-id.ts';
import { backoff } from './backoff.ts';

/** Why an order is to be rejected; no reasons where it is not. What it throws, or takes too long for, is tried again; the signal ends what hangs. */
export type Judge = (order: OrderState, signal: AbortSignal) => readonly Reason[] | Promise<readonly Reason[]>;

export interface OrderWork {
  store: Pick<EventStore, 'readStream'>;
  commands: CommandHandler;
  judge: Judge;
  /** Unique among all workers: host, process and number. */
  worker: string;
  log: { warn(data: object, message: string): void };
  /** Attempts in all; after the last that goes wrong the order has failed. Default 5. */
  attempts?: number;
  now?: () => Date;
  random?: () => number;
  /** Milliseconds a lease is good for; judging is given half of it. Default 10,000. */
  lease?: number;
  /** Aborted when the process must end: what is at hand is given up, and that recorded. */
  ending?: AbortSignal;
}

/** Milliseconds before an offer goes back to its queue when the event store could not be asked. */
const BACK_AFTER = 1_000;

type Told<C = WorkerCommand> = C extends WorkerCommand ? { type: C['type']; data: C['data'] } : never;

/** Makes the handler of offers. It rejects where the event store cannot be reached (the offer then comes again), and with DeadLetter where an order has failed. */
export function orderWorker(context: OrderWork): (offer: Offer) => Promise<void> {
  const { commands, judge, worker, log, attempts = 5, now = () => new Date(), random = Math.random, lease = 10_000 } = context;
  const { ending = new AbortController().signal } = context;
  const later = (milliseconds: number) => new Date(now().getTime() + milliseconds).toISOString();

  return async ({ stream }) => {
    const until = later(lease);
    const leased = await tryLease(stream, until);
    if (!leased) return;
    const { state, correlationId } = leased;
    const outcome = await work(stream, state);
    await untilRecorded({ stream, until }, () => tell(stream, outcome, { once: String(state.attempts), correlationId }));
    if (outcome.type === 'FailOrder') throwIfFailed((await commands.load<OrderState>(stream)).state);
  };

  /** The order under this worker's lease, null where it is not to have one: decided already, not due, leased by another. Error: DeadLetter where it has failed. */
  async function tryLease(stream: string, until: string): Promise<{ state: OrderState; correlationId: string } | null> {
    try {
      const correlationId = await correlationOf(stream);
      // Each try is a command of its own: of two at the same moment, one is refused.
      await tell(stream, { type: 'LeaseOrder', data: { worker, until, attempts } }, { once: randomUUID(), correlationId }).catch(unlessRefused);
      const { state } = await commands.load<OrderState>(stream);
      throwIfFailed(state);
      return state.lease?.worker === worker && state.lease.until === until ? { state, correlationId } : null;
    } catch (error) {
      if (error instanceof DeadLetter) throw error;
      await delay(BACK_AFTER, undefined, { signal: ending }).catch(() => {});
      throw error;
    }
  }

  /** What follows from one request has one id. Error: DeadLetter where there is no such order. */
  async function correlationOf(stream: string): Promise<string> {
    for await (const [first] of context.store.readStream(stream, { limit: 1 })) if (first) return first.metadata.$correlationId;
    throw new DeadLetter('there is no such order');
  }

  async function work(stream: string, state: OrderState): Promise<Told> {
    const attempt = state.attempts;
    try {
      return { type: 'DecideOrder', data: { attempt, reasons: [...(await judged(state))] } };
    } catch (error) {
      const reason = (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
      log.warn({ stream, attempt, err: error }, 'an order could not be worked');
      const counted = attempt - state.forgiven;
      if (counted >= attempts) return { type: 'FailOrder', data: { attempt, reason } };
      return { type: 'DeferOrder', data: { attempt, error: reason, nextAttemptAt: later(backoff(counted, random())) } };
    }
  }

  /** Within half of the lease: what comes later might come after the next worker's. */
  async function judged(state: OrderState): Promise<readonly Reason[]> {
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), lease / 2);
    const giveUp = () => over.abort();
    ending.addEventListener('abort', giveUp, { once: true });
    if (ending.aborted) giveUp();
    try {
      const reasons = await orAborted(Promise.resolve(judge(state, over.signal)), over.signal);
      if (!reasons) throw new Error(ending.aborted ? 'its worker had to end' : `it took longer than ${lease / 2} ms`);
      return reasons;
    } finally {
      clearTimeout(timer);
      ending.removeEventListener('abort', giveUp);
    }
  }

  /** As long as the lease holds; after that the next worker has it, and this one's outcome is nobody's. */
  async function untilRecorded({ stream, until }: { stream: string; until: string }, record: () => Promise<void>): Promise<void> {
    for (let wait = 100; !(await recorded(stream, record)); wait = Math.min(wait * 2, 2_000)) {
      if (ending.aborted || now().toISOString() > until) throw new Error(`what came of ${stream} could not be recorded while its lease held`);
      await delay(wait, undefined, { signal: ending }).catch(() => {});
    }
  }

  /** False where the event store could not take it now. */
  async function recorded(stream: string, record: () => Promise<void>): Promise<boolean> {
    try {
      await record().catch(unlessRefused);
      return true;
    } catch (error) {
      log.warn({ stream, err: error }, 'what came of an order was not recorded; again');
      return false;
    }
  }

  async function tell(stream: string, { type, data }: Told, { once, correlationId }: { once: string; correlationId: string }): Promise<void> {
    const commandId = stableId(worker, stream, type, once);
    const actor = { id: `worker:${worker}`, role: 'system', seesAll: true } as const;
    await commands.handle({ type, stream, id: idOf(stream), data, commandId, actor, now: now().toISOString() }, { correlationId });
  }
}

/** Also where another worker recorded it and died before its offer lay in the dead queue. */
function throwIfFailed({ status, failure }: OrderState): void {
  if (status === 'failed') throw new DeadLetter(failure);
}

/** A refusal is an answer: it was cancelled, or another worker had it. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof ProblemError) || !['conflict', 'not_found'].includes(error.code)) throw error;
}
