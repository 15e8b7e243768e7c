/** Delivery workers of a process, for each channel that it can send on. */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventBus } from '../write-side/event-bus/event-bus.ts';
import { keepTrying } from '../write-side/event-bus/keep-trying.ts';
import { type DeliveredChannel, type DeliveryChannel, mailChannel, QUEUE_OF, smsChannel } from './channels.ts';
import type { ComposeContext } from './compose.ts';
import { type DeliverContext, deliverer } from './deliver.ts';
import type { Mailer } from './mailer/mailer.ts';
import type { Texter } from './texter/texter.ts';

export type PerChannel<T> = Partial<Record<DeliveredChannel, T>>;

export interface DeliveriesContext extends Omit<ComposeContext, 'commands'>, Omit<DeliverContext, 'worker' | 'ending' | 'channel' | 'hold'> {
  bus: EventBus;
  /** A channel without its sender is left to other processes. */
  mailer?: Mailer;
  texter?: Texter;
  /** Where the SMS provider is to say what became of a notification; default: nowhere. */
  reportTo?: (id: string) => string | null;
  /** Whether a notification is held after an attempt of which nobody knows how it ended, or else sent again; default: SMS are, mails are not. */
  hold?: PerChannel<boolean>;
  /** Delivery workers of this process; default 2 for mail, 1 for SMS. */
  workers?: PerChannel<number>;
  /** Milliseconds that messages being sent are given when it stops; default 5,000. */
  grace?: number;
}

const WORKERS: Readonly<Record<DeliveredChannel, number>> = { email: 2, sms: 1 };
const HOLD: Readonly<Record<DeliveredChannel, boolean>> = { email: false, sms: true };
/** Milliseconds between two looks whether the address of the pages is known. */
const LOOK = 20;

/** Starts delivery workers. `stop` waits for the messages at hand; what takes too long is given up, and that recorded. */
export function startDeliveries(context: DeliveriesContext): { stop(): Promise<void> } {
  const { bus, log, publicUrl, workers = {}, hold = {}, grace = 5_000 } = context;
  const stopping = new AbortController();
  const ending = new AbortController();
  const working = Promise.all(channelsOf(context).flatMap(workOn));

  function workOn(channel: DeliveryChannel<DeliveredChannel>): Promise<void>[] {
    const { name } = channel;
    return Array.from({ length: workers[name] ?? WORKERS[name] }, (_, index) => work(channel, `${name}-${index + 1}`));
  }

  function work(channel: DeliveryChannel<DeliveredChannel>, number: string): Promise<void> {
    const worker = `${hostname()}:${process.pid}:${number}`;
    const handle = deliverer({ ...context, channel, hold: hold[channel.name] ?? HOLD[channel.name], worker, ending: ending.signal });
    const { signal } = stopping;
    return keepTrying({ name: `delivery worker ${worker}`, log, signal }, async () => {
      // Links need an address, and with PORT=0 nobody knows it before the process listens.
      while (!publicUrl() && !signal.aborted) await delay(LOOK, undefined, { signal }).catch(() => {});
      await bus.work(QUEUE_OF[channel.name], { signal, prefetch: 1 }, handle);
    });
  }

  return {
    stop: async () => {
      stopping.abort();
      const tooLong = setTimeout(() => ending.abort(), grace);
      await working;
      clearTimeout(tooLong);
    },
  };
}

function channelsOf(context: DeliveriesContext): DeliveryChannel<DeliveredChannel>[] {
  const { mailer, texter, reportTo = () => null } = context;
  return [...(mailer ? [mailChannel(mailer, context)] : []), ...(texter ? [smsChannel(texter, context, reportTo)] : [])];
}
