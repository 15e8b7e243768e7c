/** Consequences of events for connections, beside the change that is sent: sessions end, users are deleted, roles change, topics are lost. */
import { LRUCache } from 'lru-cache';
import type { LeftReason, TopicLoss } from '../contracts/aggregate.ts';
import { isKnown, upcast } from '../contracts/catalog.ts';
import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { Post } from '../contracts/post.ts';
import type { Role } from '../contracts/role.ts';
import { TOPICS } from '../contracts/topics.ts';
import { type BoundSince, MAY_BIND } from './bound-since.ts';
import { type Connections, dismiss, type SocketConnection, type SocketSession } from './connection.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The number of ends, and of rights, remembered: for sockets whose token was checked just before the event. */
const REMEMBERED = 10_000;

/** A loss as the contract has it, with the type of event and the name of the topic. */
interface NamedLoss extends TopicLoss {
  type: string;
  name: string;
}

/** The losses of all contracts by type of event. */
const LOSSES = Map.groupBy(
  [...TOPICS].flatMap(([name, { contract }]) =>
    Object.entries(contract.of === 'one' ? (contract.lostBy ?? {}) : {}).map(([type, loss]): NamedLoss => ({ ...loss, type, name })),
  ),
  ({ type }) => type,
);

/** A session that ended; without `sessionId` all sessions of the user, who was deleted. */
export interface Ended {
  userId: string;
  sessionId?: string;
}

/** What the log says of a user's rights; what is missing was not changed lately. */
interface Rights {
  role?: Role;
  posts?: readonly Post[];
}

export interface Consequences {
  /** Finds the consequences of an event; null for none. The returned function carries them out: it is called once the event was sent. */
  of(event: RecordedEvent): (() => void) | Promise<() => void> | null;
  /** Closes the sockets of a session or user whose end another process told. */
  end(ended: Ended): void;
  /** True where the session is known to have ended, or its user to be deleted. */
  gone(session: SocketSession): boolean;
  /** The session with the role and the posts that the log gave its user. */
  asOfNow(session: SocketSession): SocketSession;
  /** Checks the topics of a connection whose session has changed, and drops those that it may not follow any more. */
  recheck(connection: SocketConnection, reason: LeftReason): Promise<void>;
}

export interface ConsequencesContext {
  connections: Connections;
  subscriptions: Subscriptions;
  boundSince: Pick<BoundSince, 'happened'>;
  /** True where a user with this role may read every task (TASK_VISIBILITY). */
  seesAll(role: Role): boolean;
  /** Tells other processes of an end, which they may hear of in the log only later. */
  tell(ended: Ended): void;
}

export function createConsequences({ connections, subscriptions, boundSince, seesAll, tell }: ConsequencesContext): Consequences {
  const gone = new LRUCache<string, true>({ max: REMEMBERED });
  const rights = new LRUCache<string, Rights>({ max: REMEMBERED });

  function asOfNow(session: SocketSession): SocketSession {
    const { role, posts } = rights.get(session.id) ?? {};
    const withRole = role === undefined || role === session.role ? session : { ...session, role, seesAll: seesAll(role) };
    return posts === undefined ? withRole : { ...withRole, posts };
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

  /** Another role, or other posts: what the user follows from now on is judged by these. */
  async function rightsChanged(event: RecordedEvent, now: Rights): Promise<() => void> {
    const user = idOf(event.stream);
    rights.set(user, { ...rights.get(user), ...now });
    const losses: [SocketConnection, string[]][] = [];
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
    UserRoleChanged: (event) => rightsChanged(event, { role: (event.data as { to: Role }).to }),
    UserPostsSet: (event) => rightsChanged(event, { posts: (upcast(event).data as { posts: Post[] }).posts }),
  };

  function meaningOf(event: RecordedEvent): (() => void) | Promise<() => void> | null {
    if (!isKnown(event)) return null;
    const meaning = meanings[event.type]?.(event) ?? null;
    const losses = LOSSES.get(event.type);
    if (!losses) return meaning;
    const lost = topicsLost(event, losses);
    return meaning ? allOf([meaning, lost]) : lost;
  }

  /** Who is bound by the event goes before anything else is made of it: no socket has a role that it may not use. */
  async function afterBound(event: RecordedEvent): Promise<() => void> {
    await boundSince.happened(idOf(event.stream));
    return (await meaningOf(event)) ?? (() => {});
  }

  async function allOf(found: readonly ((() => void) | Promise<() => void>)[]): Promise<() => void> {
    const meant = await Promise.all(found);
    return () => {
      for (const happens of meant) happens();
    };
  }

  return {
    of: (event) => (MAY_BIND.has(event.type) && isKnown(event) ? afterBound(event) : meaningOf(event)),
    end,
    gone: (session) => gone.has(session.sessionId) || gone.has(session.id),
    asOfNow,
    async recheck(connection, reason) {
      for (const topic of await subscriptions.lost(connection, [...connection.topics.keys()])) subscriptions.drop(connection, topic, reason);
    },
  };
}

function isOver({ session }: SocketConnection, { userId, sessionId }: Ended): boolean {
  return sessionId ? session.sessionId === sessionId : session.id === userId;
}
