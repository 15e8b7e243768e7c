/**
 * The sockets of accounts that may have to do something first since they came in: confirm another address, choose a password, set up a second factor.
 * HTTP asks at every request; an open socket is asked about when the log tells of what binds, and for a minute after.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Problem } from '../contracts/problem.ts';
import { type Connections, dismiss, type SocketConnection, type SocketSession } from './connection.ts';

/** The events of a user after which the account may be bound. */
export const MAY_BIND: ReadonlySet<string> = new Set(['UserRoleChanged', 'EmailChanged', 'SecondFactorDisabled']);

/** Milliseconds for which a user's sockets are asked about: what an event tells is done in the secrets after it, or again by a repeat. */
const FOR = 60_000;
/** Milliseconds for which everybody's changes wait for the answer about a user's sockets. */
const PATIENCE = 1_000;
const LATE = 'Whether your account has to do something first is not known just now. Connect again.';
/** The most users about whom is asked. */
const MOST_USERS = 10_000;

export interface BoundSinceOptions {
  connections: Pick<Connections, 'of'>;
  /** Rejects where the session has ended, or its account can do nothing but what comes first, as of now. */
  expectUnbound(session: SocketSession): Promise<void>;
  /** The problem that an error is to a client. */
  problemOf(error: unknown): Problem;
  /** Milliseconds for which `happened` waits for an answer; default PATIENCE. */
  patience?: number;
}

export interface BoundSince {
  /** To be called with each user of such an event; resolves once the sockets of those who are bound, or of whom that is not known in time, are closed. Never rejects. */
  happened(userId: string): Promise<void>;
  /** To be called with a socket that comes in, whose token may have been looked at before the event. Never rejects. */
  entered(connection: SocketConnection): Promise<void>;
  /** To be called every second. */
  look(): void;
}

/** Opens the watch. Where nobody can be asked the socket is closed, too: its client comes back by the door, which asks. */
export function openBoundSince({ connections, expectUnbound, problemOf, patience = PATIENCE }: BoundSinceOptions): BoundSince {
  const lately = new LRUCache<string, true>({ max: MOST_USERS, ttl: FOR });
  let isLooking = false;

  async function ask(connection: SocketConnection): Promise<void> {
    try {
      await expectUnbound(connection.session);
    } catch (error) {
      const { code, detail } = problemOf(error);
      dismiss(connection, code, detail);
    }
  }

  async function askAll(userIds: Iterable<string>): Promise<void> {
    for (const userId of userIds) await Promise.all(connections.of(userId).map(ask));
  }

  async function askSoon(connection: SocketConnection): Promise<void> {
    const waiting = new AbortController();
    const late = delay(patience, 'late' as const, { signal: waiting.signal, ref: false }).catch(() => undefined);
    if ((await Promise.race([ask(connection), late])) === 'late') dismiss(connection, 'unavailable', LATE);
    waiting.abort();
  }

  return {
    async happened(userId) {
      lately.set(userId, true);
      await Promise.all(connections.of(userId).map(askSoon));
    },
    entered: async (connection) => {
      if (lately.has(connection.session.id)) await ask(connection);
    },
    look() {
      if (isLooking) return;
      isLooking = true;
      askAll([...lately.keys()]).finally(() => {
        isLooking = false;
      });
    },
  };
}
