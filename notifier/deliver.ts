/** A delivery worker's work: lease a notification, send it, record how it went (invariant 11). */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { idOf } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { CommandHandler } from '../write-side/decider.ts';
import type { NotificationCommand, NotificationState } from '../write-side/deciders/notification.ts';
import { orAborted } from '../write-side/event-bus/abortable.ts';
import { DeadLetter, type Offer } from '../write-side/event-bus/event-bus.ts';
import type { EventStore } from '../write-side/event-store/event-store.ts';
import { stableId } from '../write-side/stable-id.ts';
import { backoff } from '../write-side/workers/backoff.ts';
import type { DeliveryChannel, Ready } from './channels.ts';
import { NobodyThere } from './compose.ts';
import { FateUnknown, NotNow, Refused, type Taken } from './sending.ts';

export interface DeliverContext {
  store: Pick<EventStore, 'readStream'>;
  commands: CommandHandler;
  channel: DeliveryChannel;
  /** Unique among all workers: host, process and number. */
  worker: string;
  /** Attempts in all; after the last failure it is failed. */
  attempts: number;
  /** After an attempt of which nobody knows how it ended, it is not sent again by itself. */
  hold: boolean;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error(data: object, message: string): void };
  now?: () => Date;
  random?: () => number;
  /** Milliseconds a lease is good for; sending is given half of it. Default 120,000. */
  lease?: number;
  /** Aborted when the process must end: what is being sent is given up, and that recorded. */
  ending?: AbortSignal;
}

/** Milliseconds before an offer goes back to its queue when the event store could not be asked. */
const BACK_AFTER = 1_000;

type Told<C = NotificationCommand> = C extends NotificationCommand ? { type: C['type']; data: C['data'] } : never;

/**
 * Makes the handler of offers. It rejects where the event store cannot be reached (the offer then comes again), and with DeadLetter where the
 * notification has failed.
 */
export function deliverer(context: DeliverContext): (offer: Offer) => Promise<void> {
  const { commands, channel, worker, attempts, hold, log, now = () => new Date(), random = Math.random, lease = 120_000 } = context;
  const { ending = new AbortController().signal } = context;

  return async ({ stream }) => {
    const until = new Date(now().getTime() + lease).toISOString();
    const leased = await tryLease(stream, until);
    if (leased) {
      const outcome = await send(stream, leased.state, until);
      const record = () => tell(stream, outcome, { once: String(leased.state.attempts), correlationId: leased.correlationId });
      await untilRecorded(record, { stream, until });
      if (outcome.type !== 'FailNotification') return;
    }
    await throwIfFailed(stream);
  };

  /** Also where another worker recorded it, and died before its offer lay in the dead queue. */
  async function throwIfFailed(stream: string): Promise<void> {
    for await (const [last] of context.store.readStream(stream, { direction: 'backwards', limit: 1 }))
      if (last?.type === 'NotificationFailed') throw new DeadLetter((last.data as { error: string }).error);
  }

  /** The state under this worker's lease, null where it is not to have one: decided already, not due, leased by another who was faster. */
  async function tryLease(stream: string, until: string): Promise<{ state: NotificationState; correlationId: string } | null> {
    try {
      const correlationId = await correlationOf(stream);
      // Each try is a command of its own: of two at the same moment, one is refused.
      await tell(stream, { type: 'LeaseNotification', data: { worker, until, attempts, hold } }, { once: randomUUID(), correlationId });
      const { state } = await commands.load<NotificationState>(stream);
      return state.lease?.worker === worker && state.lease.until === until ? { state, correlationId } : null;
    } catch (error) {
      if (isRefusal(error)) return null;
      await delay(BACK_AFTER, undefined, { signal: ending }).catch(() => {});
      throw error;
    }
  }

  /** What follows from one request has one id. Error: ProblemError `not_found` where there is no such notification on this channel. */
  async function correlationOf(stream: string): Promise<string> {
    for await (const [first] of context.store.readStream(stream, { limit: 1 }))
      if (first && (first.data as { channel?: string }).channel === channel.name) return first.metadata.$correlationId;
    throw new ProblemError('not_found', `There is no such notification by ${channel.name}.`);
  }

  async function send(stream: string, state: NotificationState, until: string): Promise<Told> {
    const attempt = state.attempts;
    let to = '';
    try {
      const ready = await channel.make(stream, state);
      to = ready.to;
      return { type: 'SucceedNotification', data: { attempt, ...(await handOver(ready, until)) } };
    } catch (error) {
      const { name, message } = error as Error;
      log.warn({ stream, channel: channel.name, attempt, reason: `${name}: ${withoutAddress(message, to)}` }, 'a notification was not sent');
      return failure(error as Error, state, to);
    }
  }

  /** Sends it within half of the lease, and only if that half is left: what slept for long might send what another one sends. */
  async function handOver(ready: Ready, until: string): Promise<Taken> {
    if (Date.parse(until) - now().getTime() < lease / 2) throw new Error('too little of the lease was left to send it');
    // Not AbortSignal.timeout: it would keep each message's signal for as long as the time is, sent or not.
    const over = new AbortController();
    const giveUp = () => over.abort();
    const timer = setTimeout(giveUp, lease / 2);
    ending.addEventListener('abort', giveUp, { once: true });
    if (ending.aborted) giveUp();
    try {
      return await orUnknown(ready.send(over.signal), over.signal);
    } finally {
      clearTimeout(timer);
      ending.removeEventListener('abort', giveUp);
    }
  }

  /** A sender that does not end when it is told to: nobody knows what becomes of its message. */
  async function orUnknown(sending: Promise<Taken>, signal: AbortSignal): Promise<Taken> {
    const taken = await orAborted(sending, signal);
    if (taken) return taken;
    return Promise.race([sending, delay(LAST_WORD).then(() => Promise.reject(new FateUnknown(`no answer within ${lease / 2} ms`)))]);
  }

  function failure(error: Error, { attempts: attempt, forgiven }: NotificationState, to: string): Told {
    const about = { attempt, error: withoutAddress(error.message, to), worker, unknown: error instanceof FateUnknown, hold };
    const permanent = error instanceof Refused || error instanceof NobodyThere;
    const counted = attempt - forgiven;
    if (permanent || counted >= attempts) return { type: 'FailNotification', data: about };
    const nextAttemptAt = new Date(now().getTime() + waitAfter(error, counted)).toISOString();
    return { type: 'DeferNotification', data: { ...about, nextAttemptAt } };
  }

  /** Milliseconds. Never less than the other side asked for; a little more, so that those it refused do not come back all at once. */
  function waitAfter(error: Error, counted: number): number {
    const dice = random();
    const asked = error instanceof NotNow ? Math.round(error.after * (1 + 0.2 * dice)) : 0;
    return Math.max(backoff(counted, dice), asked);
  }

  /** What was done is recorded as long as the lease holds; after that the attempt counts as unknown. Sending is not repeated for it. */
  async function untilRecorded(record: () => Promise<void>, { stream, until }: { stream: string; until: string }): Promise<void> {
    for (let wait = 100; !(await recorded(record, stream)); wait = Math.min(wait * 2, 5_000)) {
      if (ending.aborted || now().toISOString() > until) throw new Error(`how it went could not be recorded at ${stream} while its lease held`);
      await delay(wait, undefined, { signal: ending }).catch(() => {});
    }
  }

  /** False where the event store could not take it now. */
  async function recorded(record: () => Promise<void>, stream: string): Promise<boolean> {
    try {
      await record();
      return true;
    } catch (error) {
      const overtaken = isRefusal(error);
      log.warn({ stream, err: error }, overtaken ? 'another worker had it before the outcome was recorded' : 'the outcome was not recorded; again');
      return overtaken;
    }
  }

  async function tell(stream: string, { type, data }: Told, { once, correlationId }: { once: string; correlationId: string }): Promise<void> {
    const commandId = stableId(worker, stream, type, once);
    const actor = { id: `worker:${worker}`, role: 'system', seesAll: true } as const;
    await commands.handle({ type, stream, id: idOf(stream), data, commandId, actor, now: now().toISOString() }, { correlationId });
  }
}

/** Milliseconds that a sender has to end when it was told to. */
const LAST_WORD = 1_000;

function isRefusal(error: unknown): boolean {
  return error instanceof ProblemError && ['conflict', 'not_found'].includes(error.code);
}

/** Servers like to repeat the address in their errors; no event but the person's own holds it. */
function withoutAddress(message: string, to: string): string {
  const text = to ? message.replaceAll(new RegExp(to.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '<recipient>') : message;
  return text
    .replace(/[^\s<>@]+@[^\s<>@]+/g, '<address>')
    .replace(/\+?\d{7,}/g, '<number>')
    .slice(0, 1_000);
}
