/**
 * The fan-out's port: realtime processes tell each other at once which sessions ended. Changes do not go this way: each process follows the log for
 * itself and emits to its own sockets (`io.local`). A message lost between processes is made up for later, by the event or by the token's end.
 *
 *     const tie = fanOut.attach(io, ({ userId, sessionId }) => closeSockets(userId, sessionId));
 *     tie.tell({ userId, sessionId });
 */
import type { Server } from 'socket.io';
import type { Ended } from '../consequences.ts';

export interface FanOut {
  /** Ties a server to those of the other processes, before its first connection. `heard` is called with the ends that they tell. */
  attach(io: Server, heard: (ended: Ended) => void): Tie;
  /** Closes the connections to the other processes. To be called when the server is closed. */
  close(): Promise<void>;
}

export interface Tie {
  /** Tells all other processes of an end; those that cannot be reached do not hear of it. */
  tell(ended: Ended): void;
}

export interface FanOutOptions {
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}

/** The fan-out of a process that is alone. */
export const ALONE: FanOut = { attach: () => ({ tell: () => {} }), close: async () => {} };
