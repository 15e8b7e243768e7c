/**
 * What realtime processes do together: end sockets at once, wherever they are. Never updates: each process follows the log for itself and emits to
 * its own sockets (`io.local`). What is lost on the way between processes is lost, and comes later: as an event, or when a token ends.
 */
import type { Server } from 'socket.io';
import type { Ended } from '../consequences.ts';

export interface FanOut {
  /** Ties a server to those of the other processes, before its first connection. `heard` gets what they tell. */
  attach(io: Server, heard: (ended: Ended) => void): Tie;
  /** To be called when the server is closed. */
  close(): Promise<void>;
}

export interface Tie {
  /** Tells all other processes; where they cannot be reached, nobody. */
  tell(ended: Ended): void;
}

export interface FanOutOptions {
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}

/** Of a process that is alone. */
export const ALONE: FanOut = { attach: () => ({ tell: () => {} }), close: async () => {} };
