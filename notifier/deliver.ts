/** The work of a delivery worker: lease a notification, send it, record how that went (invariant 11). */
import { setTimeout as delay } from 'node:timers/promises';
import { ZodError } from 'zod';
import type { RecordedEvent } from '../contracts/message.ts';
import type { NotificationEvent } from '../contracts/notification.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import { orAborted } from '../platform/concurrency/abortable.ts';
import type { Offer } from '../platform/event-bus/event-bus.ts';
import { withoutServers } from '../platform/without-servers.ts';
import { afterUncounted, nextAttempt } from '../platform/work/backoff.ts';
import type { HeldLease } from '../platform/work/held-lease.ts';
import { leasedWork, type TellingOf, type WorkContext } from '../platform/work/leased-work.ts';
import { type DeliveryCommand, type NotificationState, whyNotLeased } from '../write-side/deciders/notification.ts';
import type { DeliveryChannel, Ready } from './channels.ts';
import { DISPATCHERS } from './dispatching.ts';
import { publicWords } from './public-words.ts';
import { FateUnknown, isWaiting, NotNow, NotYet, ReceiverAway, Refused, type Taken, Unusable, WaitedTooLong } from './sending.ts';
import { Withdrawn } from './withdrawn.ts';

export interface DeliverContext extends WorkContext {
  channel: DeliveryChannel;
  /** The most attempts in all; an error in the last one fails the notification. */
  attempts: number;
  /** True where a notification is not sent again by itself after an attempt of unknown fate. */
  hold: boolean;
  random?: () => number;
  /** Milliseconds that an attempt may take; default LONGEST_ATTEMPT. */
  longest?: number;
  /** Days that a message may wait for a provider that is away; default 5 (RFC 5321, 4.5.4.1). */
  days?: number;
}

/** Milliseconds that a sender has to end after its signal aborted. */
const LAST_WORD = 1_000;
/** Milliseconds of the pause after which a message is tried again that nothing was tried with: what an operator has to mend, a provider that is away, or the next process. */
const UNTIL_MENDED = 30_000;
const UNTIL_BACK = 5_000;
const UNTIL_STARTED = 1_000;
/** Days after which a message is cancelled that is held back, and milliseconds before it is looked at again at the soonest. */
const HELD_DAYS = 7;
const SOONEST_LOOK = 60_000;
/** Milliseconds that an attempt may take: the steps of RFC 5321, 4.5.3.2 together, and less than RabbitMQ lets an offer be out (30 minutes). */
export const LONGEST_ATTEMPT = 28 * 60_000;

type Telling = TellingOf<DeliveryCommand>;
type NotificationRecorded = RecordedEvent & NotificationEvent;
/** A message that is ready to go, or the reason why it is none. */
type Made = Ready | Withdrawn | Error;
/** The same, with the time since which it has waited, where its offer said so (ISO 8601). */
interface MadeOfOffer {
  made: Made;
  waited: string | undefined;
}

/** An attempt that went wrong, and the words for it. */
interface WentWrong {
  stream: string;
  state: NotificationState;
  words: string;
  waited: string | undefined;
}

const DAY = 24 * 60 * 60 * 1_000;

/** Makes the handler of offers. `lease`: milliseconds, default 120,000. Errors: those of `leasedWork`. */
export function deliverer(context: DeliverContext): (offer: Offer) => Promise<void> {
  const { channel, worker, attempts, hold, log, now = () => new Date(), random = Math.random, lease = 120_000, longest = LONGEST_ATTEMPT } = context;
  const { days = 5 } = context;

  return leasedWork<NotificationState, Telling, MadeOfOffer>(
    { ...context, lease },
    {
      dispatcher: DISPATCHERS[channel.name].name,
      begins: (first) => {
        const { type, data } = first as NotificationRecorded;
        return type === 'NotificationRequested' && data.channel === channel.name;
      },
      prepare: async (stream, state, waited) => {
        if (whyNotLeased(state, now().toISOString(), waited)) return null;
        if (channel.isUsable()) return { made: await made(stream, state), waited };
        return hasWaitedTooLong(state, waited) ? { made: new WaitedTooLong(`nobody could be reached for ${days} days`), waited } : null;
      },
      drop: async ({ made }) => {
        if ('to' in made) await made.dropped?.();
      },
      lease: (until, waited) => ({ type: 'LeaseNotification', data: { worker, until, lease, ...(waited ? { waited } : {}), attempts, hold } }),
      renew: (renewal) => ({ type: 'RenewNotification', data: { ...renewal, worker, lease } }),
      longest,
      attempt: ({ stream, state, ready }, held) => send({ stream, state, ...ready }, held),
      fails: 'FailNotification',
      failure: (last) => {
        const { type, data } = last as NotificationRecorded;
        return type === 'NotificationFailed' ? data.error : undefined;
      },
    },
  );

  /** Makes the message. What cannot be looked up now rejects, and takes no attempt; a fault of ours takes one, or it would be tried for ever. */
  async function made(stream: string, state: NotificationState): Promise<Made> {
    try {
      return await channel.make(stream, state);
    } catch (error) {
      if (error instanceof Withdrawn || error instanceof NotYet || isFault(error)) return error;
      throw error;
    }
  }

  function hasWaitedTooLong({ waitsSince }: NotificationState, waited: string | undefined): boolean {
    return now().getTime() - Date.parse(waitsSince ?? waited ?? '') > days * DAY;
  }

  async function send(
    { stream, state, made, waited }: MadeOfOffer & { stream: string; state: NotificationState },
    held: HeldLease,
  ): Promise<Telling> {
    try {
      if (made instanceof Error) throw made;
      return { type: 'SucceedNotification', data: { attempt: state.attempts, ...(await handOver(made, held)) } };
    } catch (error) {
      const words = wordsOf(error as Error, 'to' in made ? made.to : '');
      return wentWrong({ stream, state, words, waited }, error as Error);
    }
  }

  function wentWrong({ stream, state, words, waited }: WentWrong, error: Error): Telling {
    const { attempts: attempt } = state;
    if (error instanceof NotYet) return heldBack(error, state);
    // Of a server that is away, or cannot be used as it is set, there is one line already.
    if (!(isWaiting(error) || absencesIn(log).failed(error)))
      log.warn({ stream, channel: channel.name, attempt, reason: `${error.name}: ${words}` }, 'a notification was not sent');
    if (error instanceof Withdrawn) return { type: 'WithdrawNotification', data: { attempt, reason: error.message } };
    // The log names the server, for operators; the status is for the recipient, too.
    return failure(error, state, { words: withoutServers(words), waited });
  }

  /** Puts a message off that its recipient may not have yet: the longer it is held back, the later it is looked at again. In the end it is cancelled. */
  function heldBack({ message, after }: NotYet, { attempts: attempt, heldSince }: NotificationState): Telling {
    const at = { now: now(), random: random() };
    const since = heldSince ?? at.now.toISOString();
    const held = at.now.getTime() - Date.parse(since);
    if (held >= HELD_DAYS * DAY) return { type: 'WithdrawNotification', data: { attempt, reason: `${message}, for ${HELD_DAYS} days` } };
    const pause = Math.min(Math.max(held, after, SOONEST_LOOK), DAY, HELD_DAYS * DAY - held);
    const nextAttemptAt = afterUncounted(pause, at);
    const wait = Date.parse(nextAttemptAt) - at.now.getTime();
    const uncounted = { uncounted: true, unknown: false, worker, heldSince: since } as const;
    return { type: 'DeferNotification', data: { attempt, error: message, nextAttemptAt, wait, ...uncounted } };
  }

  /** Sends the message if the lease surely holds: a process that slept for long might send what another worker sends. */
  async function handOver(ready: Ready, held: HeldLease): Promise<Taken> {
    if (!(await held.isSure())) {
      await ready.dropped?.();
      throw held.over.reason;
    }
    const sending = ready.send(held.over);
    const taken = await orAborted(sending, held.over);
    if (taken) return taken;
    // The sender was told to end. If it does not, nobody knows what becomes of its message.
    const why = (held.over.reason as Error).message;
    return Promise.race([sending, delay(LAST_WORD).then(() => Promise.reject(new FateUnknown(`there was no answer yet, and ${why}`)))]);
  }

  function failure(error: Error, state: NotificationState, { words, waited }: Pick<WentWrong, 'words' | 'waited'>): Telling {
    const about = { attempt: state.attempts, error: words, worker, unknown: error instanceof FateUnknown, hold };
    const at = { now: now(), random: random() };
    const pause = uncountedPause(error);
    const nextAttemptAt = pause === null ? afterCounted(error, state, at) : afterUncounted(pause, at);
    if (!nextAttemptAt) return { type: 'FailNotification', data: about };
    const deferred = { ...about, nextAttemptAt, wait: Date.parse(nextAttemptAt) - at.now.getTime() };
    if (pause === null) return { type: 'DeferNotification', data: deferred };
    return { type: 'DeferNotification', data: { ...deferred, uncounted: true, ...waiting(error, state, waited ?? at.now.toISOString()) } };
  }

  function afterCounted(error: Error, state: NotificationState, at: { now: Date; random: number }): string | null {
    if (error instanceof Refused) return null;
    return nextAttempt(state, { attempts, ...at, asked: error instanceof NotNow ? error.after : 0 });
  }

  /** Milliseconds to wait after an error for which the message is not to blame, since nothing was tried with it; null for any other error. */
  function uncountedPause(error: Error): number | null {
    if (isWaiting(error)) return pauseOf(error);
    const isDecided = error instanceof FateUnknown || error instanceof Refused;
    return context.ending?.aborted && !isDecided ? UNTIL_STARTED : null;
  }
}

/** What an operator has to mend is said in words of ours, whatever the other side answered. */
const wordsOf = (error: Error, to: string) => (error instanceof Unusable ? error.message : publicWords(error, to));

const pauseOf = (error: Error) => (error instanceof ReceiverAway ? UNTIL_BACK : UNTIL_MENDED);

/** The time since which a message waits for a provider, where that is why it was not sent; else nothing. */
function waiting(error: Error, { waitsSince }: NotificationState, since: string): { waitsSince?: string } {
  return isWaiting(error) ? { waitsSince: waitsSince ?? since } : {};
}

/** True for an error that this code made by a fault of its own; errors of the system, of stores and of drivers have a code or a class. */
function isFault(error: unknown): error is Error {
  if (error instanceof ZodError) return true;
  const isPlain = [Error, TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => (error as Error)?.constructor === kind);
  return isPlain && !('code' in (error as Error));
}
