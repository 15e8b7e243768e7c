/** The time in which a request's body has to arrive. Node's own `requestTimeout` is one for a whole server; a file has more time than a form. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { refuseConnection } from './broken-request.ts';

const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>();

/** Ends the connection of a request whose body has not arrived whole in so many milliseconds, unless `releaseBody` was called meanwhile. */
export function boundBody(request: IncomingMessage, within: number): void {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (!chunked && !Number(length)) return;
  const timer = setTimeout(() => {
    if (!request.complete) endAsTooSlow(request.socket);
  }, within);
  timers.set(request, timer.unref());
  request.once('close', () => clearTimeout(timer));
}

/** Takes the bound of `boundBody` from a request, whose body has other bounds from now on. */
export function releaseBody(request: IncomingMessage): void {
  clearTimeout(timers.get(request));
}

/** Answers 408 and ends the connection, as Node does for `requestTimeout`. */
export function endAsTooSlow(socket: Socket): void {
  refuseConnection(socket, 408);
}
