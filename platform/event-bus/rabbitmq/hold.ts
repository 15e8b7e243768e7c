/** Who holds an exclusive queue is the active one: it goes with its connection, however that ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted } from '../../concurrency/abortable.ts';
import type { Session } from './session.ts';

/** Milliseconds between two attempts, less a random part. */
const EVERY = 400;
/** AMQP's code for a queue that another connection has for itself. */
const RESOURCE_LOCKED = 405;

/** Resolves true once this session holds it, false when the signal aborts or the session is lost. The session is lost when the queue is deleted. */
export async function hold(session: Session, queue: string, signal: AbortSignal): Promise<boolean> {
  const ending = AbortSignal.any([signal, session.lost]);
  while (!ending.aborted) {
    if (await orAborted(take(session, queue), ending)) return true;
    await delay(EVERY * (0.5 + Math.random() / 2), undefined, { signal: ending }).catch(() => {});
  }
  return false;
}

async function take(session: Session, queue: string): Promise<boolean> {
  try {
    await session.aside((channel) => channel.assertQueue(queue, { exclusive: true, durable: false, arguments: { 'x-max-length': 1 } }));
  } catch (error) {
    if ((error as { code?: number }).code !== RESOURCE_LOCKED) throw error;
    return false;
  }
  const channel = await session.channel();
  // Consumed only to hear of its end.
  await channel.consume(queue, (message) => void (message === null && session.lose(`the queue ${queue} was deleted`)), { noAck: true });
  return true;
}
