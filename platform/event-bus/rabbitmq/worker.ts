/** Workers on a work queue, each on a channel of its own: one that takes longer than the broker allows (30 minutes) loses that channel only. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ConsumeMessage } from 'amqplib';
import { orAborted } from '../../concurrency/abortable.ts';
import type { Offer } from '../event-bus.ts';
import type { WorkQueue } from '../queues.ts';
import { aborted } from './aborted.ts';
import type { Failures } from './failures.ts';
import { decodeOffer } from './offer-message.ts';
import type { BusSession, SideChannel } from './session.ts';
import { deadQueueOf, declareDeadQueue, declareWorkQueue } from './topology.ts';

export interface Working {
  signal: AbortSignal;
  prefetch: number;
  handle(offer: Offer): Promise<void>;
  failures: Failures;
}

/** Milliseconds before an offer goes back to its queue where neither a delay queue nor the dead queue took it. */
const BACK_AFTER = 1_000;
/** Milliseconds between two declarations of the `.dead` queue, without which what the broker itself gives up would wait for ever. */
const DEAD_EVERY = 10_000;
/** Milliseconds that the broker has to answer the cancelling of a consumer. */
const GOODBYE = 1_000;

/** Works until the signal aborts; rejects when the channel or the queue is lost. Either way once every handler has ended. */
export async function workOn(session: BusSession, queue: WorkQueue, working: Working): Promise<void> {
  if (
    !(await orAborted(
      declareWorkQueue(session, queue).then(() => true),
      working.signal,
    ))
  )
    return;
  const side = await session.sideChannel();
  const keeping = setInterval(
    () => void session.aside((channel) => declareDeadQueue(channel, deadQueueOf(queue))).catch(() => {}),
    DEAD_EVERY,
  ).unref();
  try {
    await takeAll(side, queue, working);
  } finally {
    clearInterval(keeping);
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
    // An offer that comes after the end goes back to its queue with the channel.
    if (ending.aborted) return;
    // On a channel that closes just now the offer cannot be settled any more: it comes again.
    const ended = settle(message)
      .catch(() => {})
      .finally(() => running.delete(ended));
    running.add(ended);
  });
  await aborted(ending);
  // On a lost channel this rejects; a silent broker holds up the end by no more than GOODBYE ms.
  await Promise.race([channel.cancel(consumerTag).catch(() => {}), delay(GOODBYE, undefined, { ref: false })]);
  await Promise.all(running);
  cancelled.signal.throwIfAborted();
  lost.throwIfAborted();
}
