/**
 * The browser library: live topics over one websocket that comes back by itself and misses nothing.
 * Also runs in Node. Depends on socket.io-client only.
 */
import { io, type Socket } from 'socket.io-client';
import type { Change, Goodbye, Left, LeftReason, Reached, SnapshotNeeded, TokenAck, Welcome } from '../../contracts/live.ts';
import { createFollowed, type Line } from './followed.ts';

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
  /** Milliseconds before the second attempt, doubled with each further one up to `longest`; default 300 and 10,000. */
  retry?: { first: number; longest: number };
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
  /** Tries now instead of at the next attempt, as after logging in again. */
  reconnect(): void;
  /** Ends the connection and every subscription. */
  close(): void;
}

/** For an acknowledgement, or for the server to let a connection in. */
const PATIENCE = 30_000;
/** A connection that lasted this long was a good one: the next failure begins with the shortest delay. */
const STEADY = 5_000;
/** A fresh token is got this long before the old one ends, or at half its life where that is short. */
const EARLY = 60_000;

/** Connects, and stays connected until `close`. */
export function connectLive(options: LiveOptions): Live {
  const { first, longest } = options.retry ?? { first: 300, longest: 10_000 };
  const settings = { path: '/socket.io', transports: ['websocket'], reconnection: false, autoConnect: false, forceNew: true, timeout: PATIENCE };
  const socket: Socket = options.url === undefined ? io(settings) : io(options.url, settings);
  const line: Line = {
    connected: () => socket.connected,
    async ask(name, message) {
      try {
        return await socket.timeout(PATIENCE).emitWithAck(name, message);
      } catch (error) {
        drop();
        throw error;
      }
    },
    delay: (attempt) => Math.min(longest, first * 2 ** Math.min(attempt, 20)) * (0.5 + Math.random() / 2),
  };
  const followed = createFollowed(line);
  let state: LiveState = 'connecting';
  let closed = false;
  let refused = false;
  let failures = 0;
  let since = 0;
  let attempting = false;
  let attempts = 0;
  let retry: Timer;
  let patience: Timer;
  let refresh: Timer;

  function become(next: LiveState): void {
    if (state === next) return;
    state = next;
    options.onState?.(next);
  }

  /** Connects now, with a token got now. */
  function attempt(): void {
    if (closed || attempting || socket.connected) return;
    attempting = true;
    const mine = ++attempts;
    clearTimeout(retry);
    patience = setTimeout(() => failed('offline'), PATIENCE);
    become('connecting');
    connect(mine).catch(() => {
      if (attempts === mine) failed('unauthorized');
    });
  }

  async function connect(mine: number): Promise<void> {
    const token = await options.token(refused);
    if (attempts !== mine) return;
    socket.auth = { token };
    socket.connect();
  }

  /** The attempt, or the connection, has come to an end: another one follows, always. */
  function failed(why: 'offline' | 'unauthorized'): void {
    clearTimeout(patience);
    clearTimeout(refresh);
    clearTimeout(retry);
    attempting = false;
    attempts++;
    socket.disconnect();
    if (closed) return;
    become(why);
    retry = setTimeout(attempt, line.delay(failures++));
  }

  /** Ends a connection that cannot be trusted. */
  function drop(): void {
    if (socket.connected) socket.io.engine.close();
  }

  function expireIn(seconds: number): void {
    clearTimeout(refresh);
    const left = seconds * 1_000;
    refresh = setTimeout(renew, Math.min(2 ** 31 - 1, Math.max(1_000, left - EARLY, left < 2 * EARLY ? left / 2 : 0)));
  }

  async function renew(): Promise<void> {
    clearTimeout(refresh);
    try {
      const token = await options.token(true);
      if (!socket.connected) return;
      const reply = (await line.ask('token', { token })) as TokenAck;
      if ('expiresIn' in reply) expireIn(reply.expiresIn);
    } catch {
      // The server asks again, or ends the connection: then the next attempt asks for a token.
    }
  }

  socket.on('connect', () => {
    clearTimeout(patience);
    attempting = false;
    refused = false;
    since = Date.now();
    become('live');
    followed.connected();
  });
  socket.on('connect_error', (error: Error & { data?: { code?: string } }) => {
    refused = error.data?.code === 'unauthorized';
    failed(refused ? 'unauthorized' : 'offline');
  });
  socket.on('disconnect', () => {
    followed.disconnected();
    if (Date.now() - since > STEADY) failures = 0;
    failed(refused ? 'unauthorized' : 'offline');
  });
  socket.on('welcome', ({ expiresIn }: Welcome) => expireIn(expiresIn));
  socket.on('token_wanted', renew);
  socket.on('goodbye', ({ problem }: Goodbye) => {
    refused = problem.code === 'unauthorized';
  });
  socket.on('change', (change: Change) => followed.change(change));
  socket.on('reached', ({ position }: Reached) => followed.reached(position));
  socket.on('left', ({ topic, reason }: Left) => followed.left(topic, reason));
  socket.on('snapshot_needed', ({ topic }: SnapshotNeeded) => followed.snapshotNeeded(topic));

  function hurry(): void {
    if (closed || socket.connected || attempting) return;
    failures = 0;
    attempt();
  }
  const unwatch = watchPage({ back: hurry, gone: drop });
  void Promise.resolve().then(attempt);

  return {
    state: () => state,
    subscribe: (topic, subscribeOptions) => followed.subscribe(topic, subscribeOptions),
    reconnect() {
      refused = false;
      hurry();
    },
    close() {
      if (closed) return;
      closed = true;
      unwatch();
      failed('offline');
      followed.close();
    },
  };
}

type Timer = ReturnType<typeof setTimeout> | undefined;

/** In a browser: hears when the network or the page comes back, and when the network goes. Answers how to stop. */
function watchPage({ back, gone }: { back: () => void; gone: () => void }): () => void {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => undefined;
  const seen = () => {
    if (document.visibilityState === 'visible') back();
  };
  window.addEventListener('online', back);
  window.addEventListener('offline', gone);
  document.addEventListener('visibilitychange', seen);
  return () => {
    window.removeEventListener('online', back);
    window.removeEventListener('offline', gone);
    document.removeEventListener('visibilitychange', seen);
  };
}
