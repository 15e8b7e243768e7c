/**
 * The browser library: live topics over one websocket that reconnects by itself and misses no change.
 * Also runs in Node. Depends on socket.io-client only.
 *
 *     const live = connectLive({ token: () => accessToken });
 *     const onSnapshotNeeded = async () => (await query()).position;
 *     live.subscribe('tasks', { after: position, onChange: ({ type, id }) => console.log(type, id), onSnapshotNeeded });
 */
import { io, type Socket } from 'socket.io-client';
import type { Change, Goodbye, Left, LeftReason, Reached, SnapshotNeeded, TokenAck, Welcome } from '../../contracts/live.ts';
import { createFollowed, type Line } from './followed.ts';

export type { Change, LeftReason };

/** A place in the log, as the `Position` header of an HTTP answer has it. */
export type Position = string;

/** `unauthorized`: there was no token, or it was refused; `offline`: not connected. Both are tried again, `unauthorized` with a fresh token. */
export type LiveState = 'connecting' | 'live' | 'offline' | 'unauthorized';

export interface LiveOptions {
  /** The address of the server; default: the page's own. */
  url?: string;
  /** Gives the access token; a new one where `refused`: the last one was refused or is about to expire. It rejects where nobody is logged in. */
  token: (refused: boolean) => Promise<string> | string;
  /** Called on every change of state. */
  onState?: (state: LiveState) => void;
  /** Milliseconds before the second attempt, doubled with each further one up to `longest`; default 300 and 10,000. */
  retry?: { first: number; longest: number };
}

export interface SubscribeOptions {
  /** The position after which changes are wanted (that of the query which filled the screen); default: from now on. */
  after?: Position;
  /** Called with each change once, in order. */
  onChange(change: Change): void;
  /** Called when the server no longer has the missed changes: queries again, and resolves to the query's position. Called again after a rejection. */
  onSnapshotNeeded(): Promise<Position>;
  /** Called when the topic was lost or refused. The subscription is closed then. */
  onLeft?(reason: LeftReason): void;
}

export interface Subscription {
  readonly topic: string;
  /** The position up to which all changes were delivered; undefined before the server's first answer. */
  position(): Position | undefined;
  close(): void;
}

export interface Live {
  state(): LiveState;
  /** Follows `tasks`, `task:<id>`, `user:<id>`, `notifications` or `role:<role>`, until closed. */
  subscribe(topic: string, options: SubscribeOptions): Subscription;
  /** Connects now instead of at the next attempt, as after logging in again. */
  reconnect(): void;
  /** Ends the connection and every subscription. */
  close(): void;
}

/** Milliseconds to wait for an acknowledgement, or for the server to accept a connection. */
const CONNECT_PATIENCE = 30_000;
/** Milliseconds after which a connection counts as good: the delays after its end begin with the shortest. */
const STEADY = 5_000;
/** Milliseconds before a token's end at which a fresh one is got; at half its life where that is short. */
const EARLY = 60_000;

/** Connects, and reconnects after every loss until `close`. */
export function connectLive(options: LiveOptions): Live {
  const { first, longest } = options.retry ?? { first: 300, longest: 10_000 };
  const settings = {
    path: '/socket.io',
    transports: ['websocket'],
    reconnection: false,
    autoConnect: false,
    forceNew: true,
    timeout: CONNECT_PATIENCE,
  };
  const socket: Socket = options.url === undefined ? io(settings) : io(options.url, settings);
  const line: Line = {
    connected: () => socket.connected,
    async ask(name, message) {
      try {
        return await socket.timeout(CONNECT_PATIENCE).emitWithAck(name, message);
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

  /** Connects now, with a token that is asked for now. */
  function attempt(): void {
    if (closed || attempting || socket.connected) return;
    attempting = true;
    const mine = ++attempts;
    clearTimeout(retry);
    patience = setTimeout(() => failed('offline'), CONNECT_PATIENCE);
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

  /** Ends an attempt, or a connection, and plans the next attempt. */
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

  /** Ends a connection that does not answer. */
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
      // The server asks again, or ends the connection, and then the next attempt asks for a token.
    }
  }

  socket.on('connect', () => {
    clearTimeout(patience);
    attempting = false;
    refused = false;
    since = performance.now();
    become('live');
    followed.connected();
  });
  socket.on('connect_error', (error: Error & { data?: { code?: string } }) => {
    refused = error.data?.code === 'unauthorized';
    failed(refused ? 'unauthorized' : 'offline');
  });
  socket.on('disconnect', () => {
    followed.disconnected();
    if (performance.now() - since > STEADY) failures = 0;
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

/** In a browser: calls `back` when the network or the page comes back, `gone` when the network goes. Returns the function that ends that. */
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
