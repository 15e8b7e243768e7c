/** One client's connection, and the register of all of them. */
import type { Socket } from 'socket.io';
import { PROBLEMS, type Problem, type ProblemCode } from '../contracts/problem.ts';
import type { Caller } from '../platform/http/route.ts';

/** The caller that a token speaks for, and the token's end: `expiresAt` in milliseconds since 1970. */
export interface SocketSession extends Caller {
  expiresAt: number;
}

export interface SocketConnection {
  readonly socket: Socket;
  session: SocketSession;
  /** The token's end, in milliseconds of the monotonic clock: setting the clock makes a connection neither longer nor shorter. */
  tokenEnds: number;
  /** True once a fresh token was asked for. */
  tokenWanted: boolean;
  /** Topics followed or about to be, by the client's name for them. Each wish has its own object: another object belongs to a newer wish. */
  readonly topics: Map<string, object>;
  /** The number of messages not answered yet. */
  unanswered: number;
  /** Runs `act` after those before it have ended; resolves to its result. */
  inTurn<T>(act: () => Promise<T>): Promise<T>;
}

export function createConnection(socket: Socket, session: SocketSession): SocketConnection {
  let last: Promise<unknown> = Promise.resolve();
  return {
    socket,
    session,
    tokenEnds: endOf(session),
    tokenWanted: false,
    topics: new Map(),
    unanswered: 0,
    inTurn(act) {
      const next = last.then(act);
      last = next.catch(() => undefined);
      return next;
    },
  };
}

/** Gives a connection a fresh token's session. */
export function renewSession(connection: SocketConnection, session: SocketSession): void {
  Object.assign(connection, { session, tokenEnds: endOf(session), tokenWanted: false });
}

function endOf({ expiresAt }: SocketSession): number {
  return performance.now() + expiresAt - Date.now();
}

export interface Connections {
  add(connection: SocketConnection): void;
  remove(connection: SocketConnection): void;
  /** A user's connections. */
  of(userId: string): SocketConnection[];
  all(): IterableIterator<SocketConnection>;
  size(): number;
}

export function createConnections(): Connections {
  const all = new Set<SocketConnection>();
  const byUser = new Map<string, Set<SocketConnection>>();
  return {
    add(connection) {
      all.add(connection);
      const mine = byUser.get(connection.session.id) ?? new Set();
      byUser.set(connection.session.id, mine.add(connection));
    },
    remove(connection) {
      all.delete(connection);
      const mine = byUser.get(connection.session.id);
      mine?.delete(connection);
      if (mine?.size === 0) byUser.delete(connection.session.id);
    },
    of: (userId) => [...(byUser.get(userId) ?? [])],
    all: () => all.values(),
    size: () => all.size,
  };
}

/** Tells the client why (`goodbye`), then ends the connection. */
export function dismiss(connection: SocketConnection, code: ProblemCode, detail: string): void {
  connection.socket.emit('goodbye', { problem: problemOf(code, detail) });
  connection.socket.disconnect(true);
}

export function problemOf(code: ProblemCode, detail: string): Problem {
  return { type: `/problems/${code}`, code, ...PROBLEMS[code], detail };
}
