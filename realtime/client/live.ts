/**
 * The browser library: live topics over one websocket that comes back by itself and misses nothing.
 * Also runs in Node. Depends on socket.io-client only.
 */
import type { Change, LeftReason } from '../../contracts/live.ts';

export type { Change, LeftReason };

/** A place in the log, as the `Position` header of an HTTP answer has it. */
export type Position = string;

/** `unauthorized`: the token was refused; tried again with a fresh one, seldom. `offline`: not connected; tried again soon. */
export type LiveState = 'connecting' | 'live' | 'offline' | 'unauthorized';

export interface LiveOptions {
  /** Where the server is; default: where the page came from. */
  url?: string;
  /** The access token. `refused` is true where the last one was refused or is about to expire: get a new one. Rejecting means: nobody is logged in. */
  token: (refused: boolean) => Promise<string> | string;
  /** Called on every change of state. */
  onState?: (state: LiveState) => void;
}

export interface SubscribeOptions {
  /** Only changes after it (the `Position` of the query that filled the screen). Without it: what happens from now on. */
  after?: Position;
  /** Each change once, in order. */
  onChange(change: Change): void;
  /** The server cannot tell what was missed: query again and give the query's `Position`; changes after it follow. Rejecting: asked again later. */
  onSnapshotNeeded(): Promise<Position>;
  /** The topic was lost or refused; the subscription is closed. */
  onLeft?(reason: LeftReason): void;
}

export interface Subscription {
  readonly topic: string;
  /** All changes up to here were delivered; undefined before the server first answered. */
  position(): Position | undefined;
  close(): void;
}

export interface Live {
  state(): LiveState;
  /** Follows `tasks`, `task:<id>`, `user:<id>`, `notifications` or `role:<role>`, until closed. */
  subscribe(topic: string, options: SubscribeOptions): Subscription;
  /** Tries now instead of at the next attempt; with a fresh token (after logging in again). */
  reconnect(): void;
  /** Ends the connection and every subscription. */
  close(): void;
}

/** Connects, and stays connected until `close`. */
export function connectLive(options: LiveOptions): Live {
  throw new Error(`not connected to ${options.url ?? 'this page’s server'}`);
}
