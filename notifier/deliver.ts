/** The work of a delivery worker: lease a notification, send it, record how that went (invariant 11). */
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedEvent } from '../contracts/message.ts';
import type { NotificationEvent } from '../contracts/notification.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import { orAborted } from '../platform/concurrency/abortable.ts';
import type { Offer } from '../platform/event-bus/event-bus.ts';
import { nextAttempt } from '../platform/work/backoff.ts';
import { leasedWork, type TellingOf, type WorkContext } from '../platform/work/leased-work.ts';
import type { DeliveryCommand, NotificationState } from '../write-side/deciders/notification.ts';
import type { DeliveryChannel, Ready } from './channels.ts';
import { FateUnknown, NotNow, Refused, type Taken } from './sending.ts';
import { Withdrawn } from './withdrawn.ts';

export interface DeliverContext extends WorkContext {
  channel: DeliveryChannel;
  /** The most attempts in all; an error in the last one fails the notification. */
  attempts: number;
  /** True where a notification is not sent again by itself after an attempt of unknown fate. */
  hold: boolean;
  random?: () => number;
}

/** Milliseconds that a sender has to end after its signal aborted. */
const LAST_WORD = 1_000;

type Telling = TellingOf<DeliveryCommand>;
type NotificationRecorded = RecordedEvent & NotificationEvent;

/** Makes the handler of offers. `lease`: milliseconds, default 120,000. Errors: those of `leasedWork`. */
export function deliverer(context: DeliverContext): (offer: Offer) => Promise<void> {
  const { channel, worker, attempts, hold, log, now = () => new Date(), random = Math.random, lease = 120_000 } = context;

  return leasedWork<NotificationState, Telling>(
    { ...context, lease },
    {
      begins: (first) => {
        const { type, data } = first as NotificationRecorded;
        return type === 'NotificationRequested' && data.channel === channel.name;
      },
      lease: (until, waited) => ({ type: 'LeaseNotification', data: { worker, until, lease, ...(waited ? { waited } : {}), attempts, hold } }),
      attempt: send,
      fails: 'FailNotification',
      failure: (last) => {
        const { type, data } = last as NotificationRecorded;
        return type === 'NotificationFailed' ? data.error : undefined;
      },
    },
  );

  async function send({ stream, state, left }: { stream: string; state: NotificationState; left(): number }, over: AbortSignal): Promise<Telling> {
    const attempt = state.attempts;
    let to = '';
    try {
      const ready = await channel.make(stream, state);
      to = ready.to;
      return { type: 'SucceedNotification', data: { attempt, ...(await handOver(ready, left, over)) } };
    } catch (error) {
      const { name, message } = error as Error;
      if (!absencesIn(log).failed(error))
        log.warn({ stream, channel: channel.name, attempt, reason: `${name}: ${withoutAddress(message, to)}` }, 'a notification was not sent');
      return error instanceof Withdrawn ? { type: 'WithdrawNotification', data: { attempt, reason: message } } : failure(error as Error, state, to);
    }
  }

  /** Sends the message only if half of the lease is left: a process that slept for long might send what another worker sends. */
  async function handOver(ready: Ready, left: () => number, over: AbortSignal): Promise<Taken> {
    if (over.aborted || left() < lease / 2) throw new Error('too little of the lease was left to send it');
    const sending = ready.send(over);
    const taken = await orAborted(sending, over);
    if (taken) return taken;
    // The sender was told to end. If it does not, nobody knows what becomes of its message.
    return Promise.race([sending, delay(LAST_WORD).then(() => Promise.reject(new FateUnknown(`no answer within ${lease / 2} ms`)))]);
  }

  function failure(error: Error, state: NotificationState, to: string): Telling {
    const about = { attempt: state.attempts, error: withoutAddress(error.message, to), worker, unknown: error instanceof FateUnknown, hold };
    const asked = error instanceof NotNow ? error.after : 0;
    const at = now();
    const nextAttemptAt = error instanceof Refused ? null : nextAttempt(state, { attempts, now: at, random: random(), asked });
    if (!nextAttemptAt) return { type: 'FailNotification', data: about };
    return { type: 'DeferNotification', data: { ...about, nextAttemptAt, wait: Date.parse(nextAttemptAt) - at.getTime() } };
  }
}

/** An error's message without addresses and numbers, at most 1,000 characters: servers repeat the recipient's, which no event here may hold. */
function withoutAddress(message: string, to: string): string {
  const text = to ? message.replaceAll(new RegExp(to.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), '<recipient>') : message;
  return text
    .replace(/[^\s<>@]+@[^\s<>@]+/g, '<address>')
    .replace(/\+?\d{7,}/g, '<number>')
    .slice(0, 1_000);
}
