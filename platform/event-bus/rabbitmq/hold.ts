/** Holds: the process that has an exclusive queue is the active one, until its connection ends, however that comes. */
import { orAborted } from '../../concurrency/abortable.ts';
import { pauseAbout } from '../../concurrency/pause-about.ts';
import type { BusSession } from './session.ts';
import { declaring, misfit } from './topology.ts';
import { lineUp, type Turn } from './turn.ts';

/**
 * Milliseconds between two attempts, less a random part of up to a half. `first` to `longest`: of the one whose turn it is. The queue of who was killed
 * is gone at about the same moment as its turn; longer it is held by a connection that the broker has not given up yet, or by a process of a release
 * that takes no turns. `waiting`: of all others, so that no fault of a turn can keep everybody waiting.
 */
const PAUSES = { first: 20, longest: 1_000, waiting: 30_000 };
/** AMQP's reply codes for a queue that is not there, or on a node of the cluster that is away, and for one that another connection has exclusively. */
const NOT_FOUND = 404;
const RESOURCE_LOCKED = 405;

/**
 * Waits for an exclusive queue: resolves true once this session has it, false when the signal aborts or the session is lost. Deleting the queue
 * later loses the session.
 */
export async function hold(session: BusSession, queue: string, signal: AbortSignal): Promise<boolean> {
  const ending = AbortSignal.any([signal, session.lost]);
  const turn = await orAborted(inLine(session, queue), AbortSignal.any([ending, AbortSignal.timeout(PAUSES.waiting)]));
  let isMine = !turn;
  let pause = PAUSES.first;
  let check: Promise<void> | undefined;
  while (!ending.aborted) {
    if (turn && !isMine) isMine = await comes(turn, ending);
    if (await orAborted(take(session, queue), ending)) return true;
    check ??= checkExclusive(session, queue);
    await orAborted(check, ending);
    if (isMine) await pauseAbout(pause, ending);
    pause = Math.min(2 * pause, PAUSES.longest);
  }
  await turn?.leave();
  return false;
}

/** The turn; undefined where there can be none: the exclusive queue is what counts, and is asked for without it. */
async function inLine(session: BusSession, queue: string): Promise<Turn | undefined> {
  try {
    return await lineUp(session, queue);
  } catch (error) {
    if ((error as { code?: number }).code !== NOT_FOUND) throw error;
    return undefined;
  }
}

/** Waits for the turn, as long as a fault of it may keep one waiting; true once it has come. */
async function comes({ mine }: Turn, signal: AbortSignal): Promise<boolean> {
  const enough = new AbortController();
  const both = AbortSignal.any([signal, enough.signal]);
  const came = await Promise.race([mine.then(() => true), pauseAbout(PAUSES.waiting, both).then(() => false)]);
  enough.abort();
  return came;
}

async function take(session: BusSession, queue: string): Promise<boolean> {
  try {
    await declaring(
      session,
      `queue ${queue}`,
      (channel) => channel.assertQueue(queue, { exclusive: true, durable: false, arguments: { 'x-max-length': 1 } }),
      true,
    );
  } catch (error) {
    if ((error as { code?: number }).code !== RESOURCE_LOCKED) throw error;
    return false;
  }
  const channel = await session.channel();
  // Consumed only to hear when the queue is deleted.
  await channel.consume(queue, (message) => void (message === null && session.lose(`the queue ${queue} was deleted`)), { noAck: true });
  return true;
}

/**
 * Tells a queue that another connection has exclusively from one that is nobody's own, and never will be free: the broker refuses both alike, but shows
 * the latter to whoever asks. Error: ServerRefused.
 */
async function checkExclusive(session: BusSession, queue: string): Promise<void> {
  const shown = await session.aside((channel) => channel.checkQueue(queue)).catch(() => null);
  if (shown) throw misfit(session, `queue ${queue}`, { name: `queue ${queue}`, detail: 'it is not exclusive', cause: null, declare: null });
}
