/** Subscriptions to topics: authorised, caught up, live, and ended. */
import type { Left, LeftReason, SnapshotNeeded, Subscribe, SubscribeAck, Subscribed, Unsubscribe, UnsubscribeAck } from '../contracts/live.ts';
import type { Position } from '../contracts/message.ts';
import { roomOf } from '../contracts/topics.ts';
import { catchUp, type Wish } from './catch-up.ts';
import { problemOf, type SocketConnection } from './connection.ts';
import type { Ring } from './ring.ts';
import type { MayRead } from './topics.ts';

/** The most topics that one connection may follow. */
const MOST_TOPICS = 500;

export interface Subscriptions {
  subscribe(connection: SocketConnection, message: Subscribe): Promise<SubscribeAck>;
  unsubscribe(connection: SocketConnection, message: Unsubscribe): UnsubscribeAck;
  /** Resolves to those of these topics that the connection follows and may not read (any more). */
  lost(connection: SocketConnection, topics: readonly string[]): Promise<string[]>;
  /** Ends the following of a topic, and tells the client why. */
  drop(connection: SocketConnection, topic: string, reason: LeftReason): void;
  /** Ends the following of all topics of a connection with `snapshot_needed`: the changes that it missed are not known. */
  restart(connection: SocketConnection): void;
}

export interface SubscriptionsContext {
  ring: Ring;
  mayRead: MayRead;
  /** Hears of a topic that a connection asked for and may not follow. */
  refused(connection: SocketConnection): void;
  /** Resolves to the store's last position. */
  head(): Promise<Position>;
}

export function createSubscriptions({ ring, mayRead, refused, head }: SubscriptionsContext): Subscriptions {
  function forget(connection: SocketConnection, topic: string): void {
    if (connection.topics.delete(topic)) connection.socket.leave(roomOf(topic, connection.session));
  }

  /** Begins a wish. The topic counts as followed from here on, so that losing it meanwhile ends the wish. */
  function begin(connection: SocketConnection, topic: string, after: Subscribe['after']): Wish {
    forget(connection, topic);
    const wish: Wish = { topic, after: typeof after === 'string' ? after : after?.[topic], mark: {} };
    connection.topics.set(topic, wish.mark);
    return wish;
  }

  function withdraw(connection: SocketConnection, wish: Wish): void {
    if (connection.topics.get(wish.topic) === wish.mark) forget(connection, wish.topic);
  }

  async function fulfil(connection: SocketConnection, wish: Wish, allowed: boolean): Promise<Subscribed> {
    if (allowed) return catchUp(connection, wish, { ring, head });
    withdraw(connection, wish);
    refused(connection);
    return { topic: wish.topic, problem: problemOf('forbidden', 'You may not follow this topic.') };
  }

  async function fulfilAll(connection: SocketConnection, wishes: Wish[]): Promise<SubscribeAck> {
    const allowed = await Promise.all(wishes.map(({ topic }) => mayRead(connection.session, topic)));
    return connection.inTurn(async () => {
      const topics: Subscribed[] = [];
      for (const [index, wish] of wishes.entries()) topics.push(await fulfil(connection, wish, allowed[index] === true));
      return { topics };
    });
  }

  return {
    async subscribe(connection, { topics, after }) {
      const all = new Set([...connection.topics.keys(), ...topics]);
      if (all.size > MOST_TOPICS) return { problem: problemOf('limited', `At most ${MOST_TOPICS} topics on one connection.`) };
      const wishes = [...new Set(topics)].map((topic) => begin(connection, topic, after));
      try {
        return await fulfilAll(connection, wishes);
      } catch (error) {
        for (const wish of wishes) withdraw(connection, wish);
        throw error;
      }
    },

    unsubscribe(connection, { topics }) {
      const wanted = [...new Set(topics)];
      for (const topic of wanted) forget(connection, topic);
      return { topics: wanted };
    },

    async lost(connection, topics) {
      const mine = topics.filter((topic) => connection.topics.has(topic));
      const kept = await Promise.all(mine.map((topic) => mayRead(connection.session, topic)));
      return mine.filter((_, index) => !kept[index]);
    },

    drop(connection, topic, reason) {
      if (!connection.topics.has(topic)) return;
      forget(connection, topic);
      connection.socket.emit('left', { topic, reason } satisfies Left);
    },

    restart(connection) {
      for (const topic of [...connection.topics.keys()]) {
        forget(connection, topic);
        connection.socket.emit('snapshot_needed', { topic, position: ring.head() } satisfies SnapshotNeeded);
      }
    },
  };
}
