/** Takes offers from a work queue, each worker on a channel of its own: one that works too long for the broker (30 minutes) loses its own channel only. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ConsumeMessage } from 'amqplib';
import { orAborted } from '../../concurrency/abortable.ts';
import type { Offer } from '../event-bus.ts';
import type { WorkQueue } from '../queues.ts';
import { aborted } from './aborted.ts';
import type { Failures } from './failures.ts';
import { decodeOffer } from './offer-message.ts';
import type { Session, SideChannel } from './session.ts';
import { declareWorkQueue } from './topology.ts';

export interface Working {
  signal: AbortSignal;
  prefetch: number;
  handle(offer: Offer): Promise<void>;
  failures: Failures;
}

/** Milliseconds before an offer goes back where neither a delay nor a dead queue took it. */
const BACK_AFTER = 1_000;
/** Milliseconds that the broker has to answer a goodbye. */
const GOODBYE = 1_000;

/** Works until the signal aborts, or rejects when the channel or the queue is lost; either once every handler has ended. */
export async function workOn(session: Session, queue: WorkQueue, working: Working): Promise<void> {
  if (
    !(await orAborted(
      declareWorkQueue(session, queue).then(() => true),
      working.signal,
    ))
  )
    return;
  const side = await session.sideChannel();
  try {
    await takeAll(side, queue, working);
  } finally {
    await Promise.race([side.close(), delay(GOODBYE, undefined, { ref: false })]);
  }
  side.lost.throwIfAborted();
}

async function takeAll({ channel, lost }: SideChannel, queue: WorkQueue, { signal, prefetch, handle, failures }: Working): Promise<void> {
  const cancelled = new AbortController();
  const ending = AbortSignal.any([signal, lost, cancelled.signal]);
  const running = new Set<Promise<void>>();

  async function passedOn(message: ConsumeMessage): Promise<void> {
    const { offer, invalid } = decodeOffer(message);
    if (!offer) return failures.invalid(queue, message, invalid);
    try {
      await handle(offer);
    } catch (error) {
      await failures.failed(queue, message, error);
    }
  }

  async function settle(message: ConsumeMessage): Promise<void> {
    const settled = await passedOn(message).then(
      () => true,
      () => false,
    );
    if (!settled) await delay(BACK_AFTER, undefined, { signal: ending }).catch(() => {});
    if (lost.aborted) return;
    if (settled) channel.ack(message);
    else channel.nack(message, false, true);
  }

  await channel.prefetch(prefetch);
  const { consumerTag } = await channel.consume(queue.name, (message) => {
    if (message === null) return cancelled.abort(new Error(`the queue ${queue.name} was deleted`));
    // What comes after the end goes back with the channel.
    if (ending.aborted) return;
    // Of a channel that closes just now nothing can be settled any more: it comes again.
    const ended = settle(message)
      .catch(() => {})
      .finally(() => running.delete(ended));
    running.add(ended);
  });
  await aborted(ending);
  // On a lost channel it rejects; a broker that is silent does not hold up who wants to end.
  await Promise.race([channel.cancel(consumerTag).catch(() => {}), delay(GOODBYE, undefined, { ref: false })]);
  await Promise.all(running);
  cancelled.signal.throwIfAborted();
  lost.throwIfAborted();
}
