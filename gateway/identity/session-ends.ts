/** The ends of sessions as events in the log, by which sockets and other processes learn of them. */
import { setTimeout as delay } from 'node:timers/promises';
import { eventContract } from '../../contracts/catalog.ts';
import type { NewEvent } from '../../contracts/message.ts';
import { type SessionEvent, sessionTopics } from '../../contracts/session.ts';
import { absencesIn } from '../../platform/absences/absences.ts';
import { appendOnce } from '../../platform/event-store/append-once.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { eventId, stableId } from '../../platform/stable-id.ts';

export type EndReason = SessionEvent['data']['reason'];

export interface EndedSession {
  id: string;
  userId: string;
  reason: EndReason;
  /** Who ended it, where that was neither its owner nor the system: an admin's id, or the operator's. */
  by?: string | undefined;
}

export interface SessionEnds {
  /** Records an end, after the session was deleted from the secrets. Never rejects. */
  ended(session: EndedSession): Promise<void>;
}

export interface SessionEndsOptions {
  store: Pick<EventStore, 'append'>;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
  /** Called at once, before the log is written, so that this process forgets the session, and others with the cache. Never rejects. */
  forget(sessionId: string): Promise<void> | void;
}

/** Milliseconds before each further attempt to record an end. */
const AGAIN = [20, 100, 500];

export function openSessionEnds({ store, log, forget }: SessionEndsOptions): SessionEnds {
  async function append(session: EndedSession, tries: readonly number[]): Promise<void> {
    try {
      await appendOnce(store, `session-${session.id}`, [endOf(session)]);
    } catch (error) {
      const [wait, ...rest] = tries;
      if (wait === undefined) throw error;
      await delay(wait);
      await append(session, rest);
    }
  }

  return {
    ended: async (session) => {
      await forget(session.id);
      const { id, userId, reason } = session;
      log.info({ session: id, user: userId, reason }, 'session ended');
      try {
        await append(session, AGAIN);
      } catch (error) {
        if (!absencesIn(log).failed(error))
          log.warn({ err: error, session: id }, 'a session has ended, but the log could not be told: its sockets go when their process looks for it');
      }
    },
  };
}

/** The event of an end. Its id is made of the session alone, so that one of two ends at once is recorded. */
function endOf({ id, userId, reason, by }: EndedSession): NewEvent {
  const commandId = stableId('end-session', id);
  return {
    id: eventId(commandId, `session-${id}`, 0),
    type: 'SessionEnded',
    data: { userId, reason } satisfies SessionEvent['data'],
    metadata: {
      $correlationId: commandId,
      $causationId: commandId,
      commandId,
      actor: by ?? (reason === 'reused' || reason === 'deleted' ? 'system' : userId),
      schema: eventContract('SessionEnded')?.version ?? 1,
      topics: sessionTopics(userId),
    },
  };
}
