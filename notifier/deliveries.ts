/** The delivery workers of a process, for each channel that it can send on. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Trying } from '../platform/concurrency/keep-trying.ts';
import type { EventBus } from '../platform/event-bus/event-bus.ts';
import { compete } from '../platform/work/compete.ts';
import { type DeliveredChannel, type DeliveryChannel, mailChannel, QUEUE_OF, smsChannel } from './channels.ts';
import type { ComposeContext } from './compose.ts';
import { type DeliverContext, deliverer } from './deliver.ts';
import type { Mailer } from './mailer/mailer.ts';
import type { Texter } from './texter/texter.ts';

export type PerChannel<T> = Partial<Record<DeliveredChannel, T>>;

export interface DeliveriesContext
  extends Omit<ComposeContext, 'commands' | 'now' | 'store'>,
    Omit<DeliverContext, 'worker' | 'ending' | 'channel' | 'hold' | 'log'> {
  bus: EventBus;
  log: Trying['log'];
  /** The sender of mails; missing: they are left to other processes. */
  mailer?: Mailer;
  /** The sender of SMS; missing: they are left to other processes. */
  texter?: Texter;
  /** The address for the SMS provider's reports of an attempt; default: none. */
  reportTo?: (id: string, attempt: number) => string | null;
  /** True where a notification is held after an attempt of unknown fate, instead of sent again; default: true for SMS, false for mails. */
  hold?: PerChannel<boolean>;
  /** Number of delivery workers in this process; default 2 for mail, 1 for SMS. */
  workers?: PerChannel<number>;
  /** Milliseconds that messages being sent are given when the workers stop, or what tells it at the stop; default 5,000. */
  grace?: number | (() => number);
}

const WORKERS: Readonly<Record<DeliveredChannel, number>> = { email: 2, sms: 1 };
/** Messages that a worker sends at once: a server may take minutes for one, and the others need not wait for it. */
const AT_ONCE = 5;
const HOLD: Readonly<Record<DeliveredChannel, boolean>> = { email: false, sms: true };
/** Milliseconds between two checks whether the address of the pages is known. */
const LOOK = 20;

/** Starts delivery workers. `stop` waits for the messages at hand; a message that takes longer than `grace` is given up, which is recorded. */
export function startDeliveries(context: DeliveriesContext): { stop(): Promise<void> } {
  const { bus, log, publicUrl, workers = {}, hold = {}, grace } = context;

  function workOn(channel: DeliveryChannel<DeliveredChannel>): { stop(): Promise<void> } {
    const { name } = channel;
    const held = hold[name] ?? HOLD[name];
    const handler = (worker: string, ending: AbortSignal) => deliverer({ ...context, channel, hold: held, worker, ending });
    return compete({ bus, log, queue: QUEUE_OF[name], workers: workers[name] ?? WORKERS[name], atOnce: AT_ONCE, grace, handler, ready });
  }

  /** Waits until the pages have an address, which links need: with PORT=0 it is not known before the process listens. */
  async function ready(signal: AbortSignal): Promise<void> {
    while (!publicUrl() && !signal.aborted) await delay(LOOK, undefined, { signal }).catch(() => {});
  }

  const working = channelsOf(context).map(workOn);
  return {
    stop: async () => {
      await Promise.all(working.map((it) => it.stop()));
    },
  };
}

function channelsOf(context: DeliveriesContext): DeliveryChannel<DeliveredChannel>[] {
  const { mailer, texter, reportTo = () => null, now = () => new Date() } = context;
  const composing = { ...context, now };
  return [...(mailer ? [mailChannel(mailer, composing)] : []), ...(texter ? [smsChannel(texter, composing, reportTo)] : [])];
}
