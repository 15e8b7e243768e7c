/** The watch over access tokens: a fresh one is asked for before the end, and without one the connection is closed. */
import type { TokenWanted } from '../contracts/live.ts';
import { dismiss, type SocketConnection } from './connection.ts';

/** Seconds until the token of a connection ends; negative after it. */
export function secondsLeft({ tokenEnds }: SocketConnection): number {
  return (tokenEnds - performance.now()) / 1_000;
}

/** To be called every second. `ask`: seconds before a token's end at which a fresh one is asked for; `grace`: seconds after it before the close. */
export function watchToken(connection: SocketConnection, { ask, grace }: { ask: number; grace: number }): void {
  const left = secondsLeft(connection);
  if (left < -grace) dismiss(connection, 'unauthorized', 'The token has expired.');
  if (connection.tokenWanted || left > ask || left < -grace) return;
  connection.tokenWanted = true;
  connection.socket.emit('token_wanted', { within: Math.max(0, left + grace) } satisfies TokenWanted);
}
