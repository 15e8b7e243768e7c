/** Catching up: what came in a topic after a position is sent from the ring, piece by piece as it goes out; then the socket is in the room. */
import type { Subscribed } from '../contracts/live.ts';
import type { Position } from '../contracts/message.ts';
import { roomOf } from '../contracts/topics.ts';
import { changeOf } from './change.ts';
import { type Connection, problemOf } from './connection.ts';
import { drained } from './outflow.ts';
import type { Ring } from './ring.ts';

/** What is sent at once; then it waits until that is gone. */
const STRETCH = { count: 200, bytes: 256 * 1024 };

/** A client's wish to follow a topic. */
export interface Wish {
  topic: string;
  /** undefined: from now on. */
  after: Position | undefined;
  /** In `connection.topics` as long as the wish holds. */
  mark: object;
}

/** Resolves with the answer: live (nothing missed, nothing out of order), a snapshot needed, or overtaken by a later message. */
export async function catchUp(connection: Connection, wish: Wish, log: { ring: Ring; head(): Promise<Position> }): Promise<Subscribed> {
  const { ring } = log;
  if (wish.after !== undefined && wish.after > ring.head() && wish.after > (await log.head())) return snapshot(connection, wish, ring);
  let at: Position | Subscribed = wish.after ?? ring.head();
  while (typeof at === 'string') {
    await drained(connection.socket.conn);
    at = step(connection, wish, { ring, at });
  }
  return at;
}

/** Sends the next stretch; answers where that ends, or the final answer. Nothing can come between the last stretch and the room: it is one turn. */
function step(connection: Connection, wish: Wish, { ring, at }: { ring: Ring; at: Position }): Position | Subscribed {
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

function snapshot(connection: Connection, { topic, mark }: Wish, ring: Ring): Subscribed {
  if (connection.topics.get(topic) === mark) connection.topics.delete(topic);
  return { topic, snapshotNeeded: true, position: ring.head() };
}
