/** Catching up: a topic's changes after a position are sent from the ring, stretch by stretch as they go out; then the socket joins the room. */
import type { Subscribed } from '../contracts/live.ts';
import type { Position } from '../contracts/message.ts';
import { roomOf } from '../contracts/topics.ts';
import { changeOf } from './change.ts';
import { problemOf, type SocketConnection } from './connection.ts';
import { drained } from './outflow.ts';
import type { Ring } from './ring.ts';

/** The most changes, and about the most bytes, that are sent before the catching up waits until they have gone out. */
const STRETCH = { count: 200, bytes: 256 * 1024 };

/** A client's wish to follow a topic. */
export interface Wish {
  topic: string;
  /** The position after which changes are wanted; undefined: from now on. */
  after: Position | undefined;
  /** An object that stays in `connection.topics` as long as the wish holds. */
  mark: object;
}

/** Resolves to the answer: followed (no change missed, all in order), a snapshot needed, or a problem where a later message overtook the wish. */
export async function catchUp(connection: SocketConnection, wish: Wish, log: { ring: Ring; head(): Promise<Position> }): Promise<Subscribed> {
  const { ring } = log;
  if (wish.after !== undefined && wish.after > ring.head() && wish.after > (await log.head())) return snapshot(connection, wish, ring);
  let at: Position | Subscribed = wish.after ?? ring.head();
  while (typeof at === 'string') {
    await drained(connection.socket.conn);
    at = step(connection, wish, { ring, at });
  }
  return at;
}

/** Sends the next stretch; returns its last position, or the final answer. The last stretch and the joining are one turn: no change comes between. */
function step(connection: SocketConnection, wish: Wish, { ring, at }: { ring: Ring; at: Position }): Position | Subscribed {
  const { topic, mark } = wish;
  if (connection.topics.get(topic) !== mark) return { topic, problem: problemOf('conflict', 'This topic was left or asked for again meanwhile.') };
  const room = roomOf(topic, connection.session);
  const stretch = ring.after(room, at, STRETCH);
  if (!stretch) return snapshot(connection, wish, ring);
  for (const { event, previous } of stretch.entries) connection.socket.emit('change', changeOf(event, room, previous));
  if (!stretch.complete) return stretch.entries.at(-1)?.event.position ?? at;
  connection.socket.join(room);
  return { topic, position: ring.head() };
}

function snapshot(connection: SocketConnection, { topic, mark }: Wish, ring: Ring): Subscribed {
  if (connection.topics.get(topic) === mark) connection.topics.delete(topic);
  return { topic, snapshotNeeded: true, position: ring.head() };
}
