/** A delivery worker's work: lease a notification, send it, record how it went (invariant 11). */
import { setTimeout as delay } from 'node:timers/promises';
import { idOf, stableId } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { CommandHandler } from '../write-side/decider.ts';
import type { NotificationCommand, NotificationState } from '../write-side/deciders/notification.ts';
import type { Offer } from '../write-side/event-bus/event-bus.ts';
import { type ComposeContext, compose, NobodyThere } from './compose.ts';
import { type Mailer, MailRefused, MailUnknown } from './mailer/mailer.ts';

export interface DeliverContext extends ComposeContext {
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
}

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 600_000;

type Outcome = Extract<NotificationCommand, { type: 'SucceedNotification' | 'DeferNotification' | 'FailNotification' }>;
type OutcomeOf<T extends Outcome['type']> = { type: T; data: Extract<Outcome, { type: T }>['data'] };
type Told = OutcomeOf<'SucceedNotification'> | OutcomeOf<'DeferNotification'> | OutcomeOf<'FailNotification'>;

/** Makes the handler of offers. It rejects only when the event store cannot be reached; the offer then comes again. */
export function deliverer(context: DeliverContext): (offer: Offer) => Promise<void> {
  const { commands, mailer, worker, log, now = () => new Date(), random = Math.random, lease = 120_000 } = context;

  return async ({ stream }) => {
    const until = new Date(now().getTime() + lease).toISOString();
    const attempt = await leased(stream, until);
    if (!attempt) return;
    const outcome = await send(stream, attempt);
    await record(stream, attempt.attempts, outcome, until);
  };

  /** The state under this worker's lease, null where it is not to have one. */
  async function leased(stream: string, until: string): Promise<NotificationState | null> {
    try {
      await tell(stream, { type: 'LeaseNotification', data: { worker, until } }, until);
    } catch (error) {
      // Sent already, not due, leased by another, or that one was faster: nothing to do.
      if (error instanceof ProblemError && ['conflict', 'not_found'].includes(error.code)) return null;
      throw error;
    }
    const { state } = await commands.load<NotificationState>(stream);
    return state.lease?.worker === worker ? state : null;
  }

  async function send(stream: string, state: NotificationState): Promise<Told> {
    const attempt = state.attempts;
    let address = '';
    try {
      const mail = await compose(idOf(stream), state, context);
      address = mail.to.address;
      await within(mailer.send(mail), lease / 2);
      return { type: 'SucceedNotification', data: { attempt } };
    } catch (error) {
      log.warn({ stream, attempt, reason: (error as Error).name }, 'a mail was not sent');
      return failure(error as Error, attempt, address);
    }
  }

  function failure(error: Error, attempt: number, address: string): Told {
    const message = withoutAddress(error.message, address);
    const permanent = error instanceof MailRefused || error instanceof NobodyThere;
    if (permanent || attempt >= context.attempts) return { type: 'FailNotification', data: { attempt, error: message } };
    const nextAttemptAt = new Date(now().getTime() + backoff(attempt, random())).toISOString();
    return { type: 'DeferNotification', data: { attempt, error: message, nextAttemptAt, worker, unknown: error instanceof MailUnknown } };
  }

  /** What was done is recorded as long as the lease holds; after that the attempt counts as unknown. Sending is not repeated for it. */
  async function record(stream: string, attempt: number, outcome: Told, until: string): Promise<void> {
    for (let wait = 100; !(await recorded(stream, attempt, outcome)); wait = Math.min(wait * 2, 5_000)) {
      if (now().toISOString() > until) throw new Error(`the outcome of attempt ${attempt} at ${stream} could not be recorded while its lease held`);
      await delay(wait);
    }
  }

  /** False where the event store could not take it now. */
  async function recorded(stream: string, attempt: number, outcome: Told): Promise<boolean> {
    try {
      await tell(stream, outcome, String(attempt));
      return true;
    } catch (error) {
      const overtaken = error instanceof ProblemError && error.code === 'conflict';
      log.warn(
        { stream, attempt, err: error },
        overtaken ? 'the lease ran out before the outcome was recorded' : 'the outcome was not recorded; again',
      );
      return overtaken;
    }
  }

  async function tell(stream: string, { type, data }: { type: string; data: unknown }, once: string): Promise<void> {
    const commandId = stableId(worker, stream, type, once);
    const actor = { id: `worker:${worker}`, role: 'system', seesAll: true } as const;
    await commands.handle({ type, stream, id: idOf(stream), data, commandId, actor, now: now().toISOString() }, { correlationId: commandId });
  }
}

/** Milliseconds until the next attempt: 1 s, 4 s, 16 s … 10 min, each a fifth more or less, so that a crowd does not come back at once. */
export function backoff(attempt: number, random: number): number {
  return Math.round(Math.min(FIRST_WAIT * 4 ** (attempt - 1), LONGEST_WAIT) * (0.8 + 0.4 * random));
}

/** Servers like to repeat the address in their errors; no event but the person's own holds it. */
function withoutAddress(message: string, address: string): string {
  const text = address ? message.replaceAll(new RegExp(address.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '<recipient>') : message;
  return text.replace(/[^\s<>@]+@[^\s<>@]+/g, '<address>').slice(0, 1_000);
}

async function within(sending: Promise<void>, milliseconds: number): Promise<void> {
  const late = new AbortController();
  const timeout = delay(milliseconds, undefined, { signal: late.signal }).then(() => {
    throw new MailUnknown(`no answer within ${milliseconds} ms`);
  });
  timeout.catch(() => {});
  try {
    await Promise.race([sending, timeout]);
  } finally {
    late.abort();
    // Should it end badly later, that was told as unknown already.
    sending.catch(() => {});
  }
}
