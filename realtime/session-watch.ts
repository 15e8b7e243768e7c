/**
 * The watch over the sessions of open sockets: beside what the log tells, their records are looked for, since an end may be in the secrets and not
 * in the log (its process was killed between the two), or come late (the broker is away), and a session that ends by itself is in no log.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Connections } from './connection.ts';
import type { Ended } from './consequences.ts';

export interface SessionWatchOptions {
  connections: Pick<Connections, 'all'>;
  endedAmong?: ((sessionIds: readonly string[]) => Promise<string[]>) | undefined;
  /** Closes the sockets of a session that has ended. */
  end(ended: Ended): void;
}

/** Sessions that are asked for at once. */
const AT_ONCE = 1_000;

/** Makes what is to be called every second: it looks at all sessions, unless it still does. */
export function watchSessions({ connections, endedAmong, end }: SessionWatchOptions): () => void {
  let isLooking = false;

  async function look(ask: NonNullable<typeof endedAmong>): Promise<void> {
    const users = new Map([...connections.all()].map(({ session }) => [session.sessionId, session.id]));
    const ids = [...users.keys()];
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      for (const sessionId of await ask(ids.slice(at, at + AT_ONCE))) end({ userId: users.get(sessionId) ?? '', sessionId });
      await turn();
    }
  }

  return () => {
    if (!endedAmong || isLooking) return;
    isLooking = true;
    // While the secrets are away nobody can end a session: their absence is told by whoever logs in.
    look(endedAmong)
      .catch(() => {})
      .finally(() => {
        isLooking = false;
      });
  };
}
