/** The time in which a request's body has to arrive. Node's own `requestTimeout` is one for a whole server; a file has more time than a form. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { refuseConnection } from './broken-request.ts';

const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/** The time of a body: whole in so many milliseconds, and from GRACE on never slower than `rate`, in bytes a second since it began. */
export interface BodyTime {
  within: number;
  rate: number;
}

/** Milliseconds for which a body may be as slow as it likes. */
const GRACE = 10_000;

/** Ends the connection of a request whose body is slower than that, unless `releaseBody` was called meanwhile. */
export function boundBody(request: IncomingMessage, { within, rate }: BodyTime, grace = GRACE): void {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (!chunked && !Number(length)) return;
  const { socket } = request;
  const began = { at: performance.now(), bytes: socket.bytesRead };
  const isSlow = () => socket.bytesRead - began.bytes < (rate * (performance.now() - began.at)) / 1_000;
  let left = within;
  const look = () => {
    if (request.complete) return;
    if (left <= 0 || isSlow()) return endAsTooSlow(socket);
    next(1_000);
  };
  /** Looks again after so many milliseconds, and at the end at the latest. */
  const next = (milliseconds: number) => {
    const pause = Math.min(milliseconds, left);
    left -= pause;
    timers.set(request, setTimeout(look, pause).unref());
  };
  next(grace);
  request.once('close', () => releaseBody(request));
}

/** Takes the bound of `boundBody` from a request, whose body has other bounds from now on. */
export function releaseBody(request: IncomingMessage): void {
  clearTimeout(timers.get(request));
}

/** Answers 408 and ends the connection, as Node does for `requestTimeout`. */
export function endAsTooSlow(socket: Socket): void {
  refuseConnection(socket, 408);
}
