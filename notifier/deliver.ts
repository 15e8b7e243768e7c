/** A delivery worker's work: lease a notification, send it, record how it went (invariant 11). */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { idOf } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { CommandHandler } from '../write-side/decider.ts';
import type { NotificationCommand, NotificationState } from '../write-side/deciders/notification.ts';
import { orAborted } from '../write-side/event-bus/abortable.ts';
import type { Offer } from '../write-side/event-bus/event-bus.ts';
import type { EventStore } from '../write-side/event-store/event-store.ts';
import { stableId } from '../write-side/stable-id.ts';
import { type ComposeContext, compose, NobodyThere } from './compose.ts';
import { type Mail, type Mailer, MailRefused, MailUnknown } from './mailer/mailer.ts';

export interface DeliverContext extends ComposeContext {
  store: Pick<EventStore, 'readStream'>;
  commands: CommandHandler;
  mailer: Mailer;
  /** Unique among all workers: host, process and number. */
  worker: string;
  /** Attempts in all; after the last failure it is failed. */
  attempts: number;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void; error(data: object, message: string): void };
  now?: () => Date;
  random?: () => number;
  /** Milliseconds a lease is good for; sending is given half of it. Default 120,000. */
  lease?: number;
  /** Aborted when the process must end: what is being sent is given up, and that recorded. */
  ending?: AbortSignal;
}

/** Milliseconds between two attempts; the last one also between all later ones. Five attempts outlast eleven minutes without a mail server. */
const WAITS = [1_000, 10_000, 60_000, 600_000];
/** Milliseconds before an offer goes back to its queue when the event store could not be asked. */
const BACK_AFTER = 1_000;

type Told<C = NotificationCommand> = C extends NotificationCommand ? { type: C['type']; data: C['data'] } : never;

/** Makes the handler of offers. It rejects only when the event store cannot be reached; the offer then comes again. */
export function deliverer(context: DeliverContext): (offer: Offer) => Promise<void> {
  const { commands, mailer, worker, attempts, log, now = () => new Date(), random = Math.random, lease = 120_000 } = context;
  const { ending = new AbortController().signal } = context;

  return async ({ stream }) => {
    const until = new Date(now().getTime() + lease).toISOString();
    const leased = await tryLease(stream, until);
    if (!leased) return;
    const outcome = await send(stream, leased.state, until);
    const record = () => tell(stream, outcome, { once: String(leased.state.attempts), correlationId: leased.correlationId });
    await untilRecorded(record, { stream, until });
  };

  /** The state under this worker's lease, null where it is not to have one: decided already, not due, leased by another who was faster. */
  async function tryLease(stream: string, until: string): Promise<{ state: NotificationState; correlationId: string } | null> {
    try {
      const correlationId = await correlationOf(stream);
      // Each try is a command of its own: of two at the same moment, one is refused.
      await tell(stream, { type: 'LeaseNotification', data: { worker, until, attempts } }, { once: randomUUID(), correlationId });
      const { state } = await commands.load<NotificationState>(stream);
      return state.lease?.worker === worker && state.lease.until === until ? { state, correlationId } : null;
    } catch (error) {
      if (isRefusal(error)) return null;
      await delay(BACK_AFTER, undefined, { signal: ending }).catch(() => {});
      throw error;
    }
  }

  /** What follows from one request has one id. */
  async function correlationOf(stream: string): Promise<string> {
    for await (const [first] of context.store.readStream(stream, { limit: 1 })) if (first) return first.metadata.$correlationId;
    throw new ProblemError('not_found', 'There is no such notification.');
  }

  async function send(stream: string, state: NotificationState, until: string): Promise<Told> {
    const attempt = state.attempts;
    let address = '';
    try {
      const mail = await compose(idOf(stream), state, context);
      address = mail.to.address;
      await handOver(mail, until);
      return { type: 'SucceedNotification', data: { attempt } };
    } catch (error) {
      const { name, message } = error as Error;
      log.warn({ stream, attempt, reason: `${name}: ${withoutAddress(message, address)}` }, 'a mail was not sent');
      return failure(error as Error, attempt, address);
    }
  }

  /** Sends it within half of the lease, and only if that half is left: what slept for long might send what another one sends. */
  async function handOver(mail: Mail, until: string): Promise<void> {
    if (Date.parse(until) - now().getTime() < lease / 2) throw new Error('too little of the lease was left to send it');
    // Not AbortSignal.timeout: it would keep each mail's signal for as long as the time is, sent or not.
    const over = new AbortController();
    const giveUp = () => over.abort();
    const timer = setTimeout(giveUp, lease / 2);
    ending.addEventListener('abort', giveUp, { once: true });
    if (ending.aborted) giveUp();
    try {
      await orUnknown(mailer.send(mail, over.signal), over.signal);
    } finally {
      clearTimeout(timer);
      ending.removeEventListener('abort', giveUp);
    }
  }

  /** A mailer that does not end when it is told to: nobody knows what becomes of its mail. */
  async function orUnknown(sending: Promise<void>, signal: AbortSignal): Promise<void> {
    const taken = sending.then(() => true);
    if (await orAborted(taken, signal)) return;
    await Promise.race([taken, delay(LAST_WORD).then(() => Promise.reject(new MailUnknown(`no answer within ${lease / 2} ms`)))]);
  }

  function failure(error: Error, attempt: number, address: string): Told {
    const about = { attempt, error: withoutAddress(error.message, address), worker, unknown: error instanceof MailUnknown };
    const permanent = error instanceof MailRefused || error instanceof NobodyThere;
    if (permanent || attempt >= attempts) return { type: 'FailNotification', data: about };
    const nextAttemptAt = new Date(now().getTime() + backoff(attempt, random())).toISOString();
    return { type: 'DeferNotification', data: { ...about, nextAttemptAt } };
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

/** Milliseconds that a mailer has to end when it was told to. */
const LAST_WORD = 1_000;

function isRefusal(error: unknown): boolean {
  return error instanceof ProblemError && ['conflict', 'not_found'].includes(error.code);
}

/** Milliseconds until the attempt after this one: 1 s, 10 s, 1 min, 10 min, each up to a fifth more or less, so that a crowd does not come back at once. */
export function backoff(attempt: number, random: number): number {
  const wait = WAITS[Math.min(attempt, WAITS.length) - 1] ?? 0;
  return Math.round(wait * (0.8 + 0.4 * random));
}

/** Servers like to repeat the address in their errors; no event but the person's own holds it. */
function withoutAddress(message: string, address: string): string {
  const text = address ? message.replaceAll(new RegExp(address.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '<recipient>') : message;
  return text.replace(/[^\s<>@]+@[^\s<>@]+/g, '<address>').slice(0, 1_000);
}
