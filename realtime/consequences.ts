/** What events mean for connections beside being sent: sessions end, users go, roles change, topics are lost. */
import { LRUCache } from 'lru-cache';
import type { LeftReason, TopicLoss } from '../contracts/aggregate.ts';
import { upcast } from '../contracts/catalog.ts';
import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { Role } from '../contracts/role.ts';
import { TOPICS } from '../contracts/topics.ts';
import { type Connection, type Connections, dismiss, type Session } from './connection.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Ends and roles remembered, for sockets that are let in by an answer from just before the event. */
const REMEMBERED = 10_000;

/** What a type of event takes from whom, with the name of the topic. */
interface NamedLoss extends TopicLoss {
  type: string;
  name: string;
}

/** What the contracts say of lost topics, by type of event. */
const LOSSES = Map.groupBy(
  [...TOPICS].flatMap(([name, { contract }]) =>
    Object.entries(contract.of === 'one' ? (contract.lostBy ?? {}) : {}).map(([type, loss]): NamedLoss => ({ ...loss, type, name })),
  ),
  ({ type }) => type,
);

/** A session that ended; without one, all of its user's, who is gone. */
export interface Ended {
  userId: string;
  sessionId?: string;
}

export interface Consequences {
  /** Finds out what an event means (null: nothing); what has to happen happens when the answer is called, which is once the event was sent. */
  of(event: RecordedEvent): (() => void) | Promise<() => void> | null;
  /** Sends away the sockets of what another process found ended. */
  end(ended: Ended): void;
  /** True where the session or its user is known to be gone. */
  gone(session: Session): boolean;
  /** The session with the role that the log gave its user. */
  asOfNow(session: Session): Session;
  /** A connection's session changed: its topics are checked again. */
  recheck(connection: Connection, reason: LeftReason): Promise<void>;
}

export interface ConsequencesContext {
  connections: Connections;
  subscriptions: Subscriptions;
  /** Whether a user with this role may read every task (TASK_VISIBILITY). */
  seesAll(role: Role): boolean;
  /** Tells other processes of an end, which they may hear of in the log only later. */
  tell(ended: Ended): void;
}

export function createConsequences({ connections, subscriptions, seesAll, tell }: ConsequencesContext): Consequences {
  const gone = new LRUCache<string, true>({ max: REMEMBERED });
  const roles = new LRUCache<string, Role>({ max: REMEMBERED });

  function asOfNow(session: Session): Session {
    const role = roles.get(session.id);
    return role === undefined || role === session.role ? session : { ...session, role, seesAll: seesAll(role) };
  }

  function end(ended: Ended): void {
    const { userId, sessionId } = ended;
    gone.set(sessionId ?? userId, true);
    const detail = sessionId ? 'Your session has ended.' : 'This user was deleted.';
    for (const one of connections.of(userId)) if (isOver(one, ended)) dismiss(one, 'unauthorized', detail);
  }

  function endEverywhere(ended: Ended): () => void {
    return () => {
      end(ended);
      tell(ended);
    };
  }

  const sessionEnded = ({ stream, data }: RecordedEvent) => endEverywhere({ userId: (data as { userId: string }).userId, sessionId: idOf(stream) });
  const userDeleted = ({ stream }: RecordedEvent) => endEverywhere({ userId: idOf(stream) });

  async function roleChanged(event: RecordedEvent): Promise<() => void> {
    const user = idOf(event.stream);
    roles.set(user, (event.data as { to: Role }).to);
    const losses: [Connection, string[]][] = [];
    for (const one of connections.of(user)) {
      one.session = asOfNow(one.session);
      losses.push([one, await subscriptions.lost(one, [...one.topics.keys()])]);
    }
    return () => {
      for (const [one, topics] of losses) for (const topic of topics) subscriptions.drop(one, topic, 'role_changed');
    };
  }

  async function topicsLost(event: RecordedEvent, losses: readonly NamedLoss[]): Promise<() => void> {
    const { data } = upcast(event);
    const drops = losses.flatMap(({ name, users, reason }) => {
      const topic = `${name}:${idOf(event.stream)}`;
      return users(data)
        .flatMap(connections.of)
        .map(async (one) => {
          const lost = await subscriptions.lost(one, [topic]);
          return () => lost.forEach((each) => void subscriptions.drop(one, each, reason));
        });
    });
    const found = await Promise.all(drops);
    return () => {
      for (const drop of found) drop();
    };
  }

  const meanings: Record<string, (event: RecordedEvent) => (() => void) | Promise<() => void>> = {
    SessionEnded: sessionEnded,
    UserDeleted: userDeleted,
    UserRoleChanged: roleChanged,
  };

  function meaningOf(event: RecordedEvent): (() => void) | Promise<() => void> | null {
    const meaning = meanings[event.type];
    if (meaning) return meaning(event);
    const losses = LOSSES.get(event.type);
    return losses ? topicsLost(event, losses) : null;
  }

  return {
    of: meaningOf,
    end,
    gone: (session) => gone.has(session.sessionId) || gone.has(session.id),
    asOfNow,
    async recheck(connection, reason) {
      for (const topic of await subscriptions.lost(connection, [...connection.topics.keys()])) subscriptions.drop(connection, topic, reason);
    },
  };
}

function isOver({ session }: Connection, { userId, sessionId }: Ended): boolean {
  return sessionId ? session.sessionId === sessionId : session.id === userId;
}
