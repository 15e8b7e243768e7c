/** The body of a request as a stream, for rows that take files: how many arrive at once, how silent a client may be, and what becomes of the rest. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { ProblemError } from '../../contracts/problem.ts';
import { endAsTooSlow, releaseBody } from './body-time.ts';

/** The bounds of bodies that are taken as streams. */
export interface StreamBounds {
  /** Bodies that arrive at once in this process, at most. */
  atOnce: number;
  /** Bodies of one user that arrive at once in this process, at most; default: all places. */
  ofUser?: number;
  /** Milliseconds with next to no byte after which a client is given up. */
  silence: number;
  /** What is still read of a body that was refused, in bytes and milliseconds: a client that sends reads the answer only when it has sent all. */
  rest: { bytes: number; within: number };
}

export const STREAM_BOUNDS: StreamBounds = { atOnce: 32, ofUser: 12, silence: 30_000, rest: { bytes: 64 * 1024 * 1024, within: 30_000 } };

/** Whose a body is: the network, and the user's id; empty where nobody is known. */
export interface StreamOwner {
  network: string;
  user: string;
}

/** A body that is read as a stream: whose it is, and how fast it comes. */
interface StreamUnderWay extends StreamOwner {
  socket: Socket;
  since: number;
  bytes: number;
}
const underWay = new Set<StreamUnderWay>();

/**
 * Lets `work` read a request's body, as slowly as its client sends it, as long as it sends. What `work` leaves of it is read and forgotten.
 * Where too many arrive, the slowest of the network that has most of them gives way to another network's, and the slowest of the user who has most to
 * another user's. Errors: ProblemError `limited` where the user has as many bodies arriving as one may, `unavailable` where too many arrive, and none
 * gives way.
 */
export async function withStream<T>(
  request: IncomingMessage,
  work: () => Promise<T>,
  { network = '', user = '', ...bounds }: StreamBounds & Partial<StreamOwner> = STREAM_BOUNDS,
): Promise<T> {
  releaseBody(request);
  const refusal = refusalOf({ network, user }, bounds);
  if (refusal) {
    forgetRest(request, bounds.rest);
    throw refusal;
  }
  const mine: StreamUnderWay = {
    network,
    user,
    socket: request.socket,
    since: performance.now(),
    bytes: request.socket.bytesRead - request.readableLength,
  };
  underWay.add(mine);
  const stopWatching = watchSilence(request, bounds.silence);
  try {
    return await work();
  } finally {
    underWay.delete(mine);
    stopWatching();
    forgetRest(request, bounds.rest);
  }
}

const LATER = { headers: { 'Retry-After': '2' } };

/** Why no body more is taken of this owner; null where there is a place, or one was made. */
function refusalOf(owner: StreamOwner, { atOnce, ofUser = atOnce }: StreamBounds): ProblemError | null {
  const ofThem = owner.user === '' ? 0 : [...underWay].filter(({ user }) => user === owner.user).length;
  if (ofThem >= ofUser) return new ProblemError('limited', `At most ${ofUser} of your files may arrive at once. Try again.`, LATER);
  if (underWay.size < atOnce || makeRoom('network', owner) || makeRoom('user', owner)) return null;
  return new ProblemError('unavailable', 'Too many files are arriving. Try again.', LATER);
}

/** Ends a stream of the network, or of the user, that has two more than this owner's; false where none has. */
function makeRoom(by: keyof StreamOwner, owner: StreamOwner): boolean {
  const all = Map.groupBy(underWay, (one) => one[by]);
  const mine = all.get(owner[by])?.length ?? 0;
  const most = [...all.values()].reduce((larger, one) => (one.length > larger.length ? one : larger), []);
  if (most.length < mine + 2) return false;
  const now = performance.now();
  const rate = ({ socket, since, bytes }: StreamUnderWay) => (socket.bytesRead - bytes) / (1 + now - since);
  const slowest = most.reduce((slower, one) => (rate(one) < rate(slower) ? one : slower));
  underWay.delete(slowest);
  endAsTooSlow(slowest.socket);
  return true;
}

/** Bytes a second below which a client counts as silent. */
const TRICKLE = 100;

/** Ends a connection on which nothing comes, or next to nothing, for so long. Bytes that wait for us are not the client's silence. */
function watchSilence(request: IncomingMessage, silence: number): () => void {
  const { socket } = request;
  let seen = socket.bytesRead;
  let quiet = 0;
  const steps = 10;
  const timer = setInterval(() => {
    const few = (TRICKLE * silence) / steps / 1_000;
    quiet = socket.bytesRead - seen > few || request.readableLength > 0 || request.complete ? 0 : quiet + 1;
    seen = socket.bytesRead;
    if (quiet >= steps) endAsTooSlow(socket);
  }, silence / steps).unref();
  return () => clearInterval(timer);
}

function forgetRest(request: IncomingMessage, { bytes, within }: StreamBounds['rest']): void {
  if (request.complete || request.destroyed) return;
  request.on('error', () => {}).resume();
  const { socket } = request;
  const most = socket.bytesRead + bytes;
  const until = performance.now() + within;
  const timer = setInterval(() => {
    if (request.complete || request.destroyed) clearInterval(timer);
    else if (socket.bytesRead > most || performance.now() > until) socket.destroySoon();
  }, 100).unref();
  request.once('close', () => clearInterval(timer));
}
