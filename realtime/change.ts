/** An event as clients see it in a topic. */
import { upcast } from '../contracts/catalog.ts';
import type { Change } from '../contracts/live.ts';
import { idOf, type Position, type RecordedEvent } from '../contracts/message.ts';
import { topicOf } from '../contracts/topics.ts';

/** `room`: the topic's name in the event's metadata; `previous`: the position before it in that topic. */
export function changeOf(event: RecordedEvent, room: string, previous: Position | null): Change {
  const { type, data, stream, revision, position, time, metadata } = upcast(event);
  return { topic: topicOf(room), position, previous, type, id: idOf(stream), stream, revision, time, data, actor: metadata.actor };
}
