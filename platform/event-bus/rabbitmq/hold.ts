/** Holds: the process that has an exclusive queue is the active one, until its connection ends, however that comes. */
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted } from '../../concurrency/abortable.ts';
import type { BusSession } from './session.ts';

/** Milliseconds between two attempts, less a random part of up to a half. */
const EVERY = 400;
/** AMQP's reply code for a queue that another connection has exclusively. */
const RESOURCE_LOCKED = 405;

/**
 * Waits for an exclusive queue: resolves true once this session has it, false when the signal aborts or the session is lost. Deleting the queue
 * later loses the session.
 */
export async function hold(session: BusSession, queue: string, signal: AbortSignal): Promise<boolean> {
  const ending = AbortSignal.any([signal, session.lost]);
  while (!ending.aborted) {
    if (await orAborted(take(session, queue), ending)) return true;
    await delay(EVERY * (0.5 + Math.random() / 2), undefined, { signal: ending }).catch(() => {});
  }
  return false;
}

async function take(session: BusSession, queue: string): Promise<boolean> {
  try {
    await session.aside((channel) => channel.assertQueue(queue, { exclusive: true, durable: false, arguments: { 'x-max-length': 1 } }));
  } catch (error) {
    if ((error as { code?: number }).code !== RESOURCE_LOCKED) throw error;
    return false;
  }
  const channel = await session.channel();
  // Consumed only to hear when the queue is deleted.
  await channel.consume(queue, (message) => void (message === null && session.lose(`the queue ${queue} was deleted`)), { noAck: true });
  return true;
}
