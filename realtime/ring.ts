/** The ring: the last events, in log order, with an index by topic. Changes that a client missed are sent from here. */
import type { Position, RecordedEvent } from '../contracts/message.ts';

/** An event in one topic. */
export interface RingEntry {
  event: RecordedEvent;
  /** Position of the event before it in the topic; null where the ring does not know it. */
  previous: Position | null;
}

/** A stretch of a topic. */
export interface Stretch {
  entries: RingEntry[];
  /** False where there is more to read after the last entry. */
  complete: boolean;
}

export interface Ring {
  /** Adds the next event; returns about its size in bytes. */
  push(event: RecordedEvent): number;
  /** Empties the ring. All events after `floor` are to be pushed next. */
  reset(floor: Position): void;
  /** The position up to which all events were pushed or belong to no topic. */
  head(): Position;
  /** Moves the head past events that were not pushed. */
  advance(position: Position): void;
  /** The position of the topic's last event; null where the ring has none. */
  last(topic: string): Position | null;
  /** The topic's events after a position, at most `count` and about `bytes` bytes; null where the ring no longer has them all. */
  after(topic: string, position: Position, most: { count: number; bytes: number }): Stretch | null;
  size(): number;
}

interface Held {
  event: RecordedEvent;
  bytes: number;
}

/** A list that grows at the end and shrinks at the start. */
interface Queue {
  items: Held[];
  start: number;
}

/** About the bytes of an event in memory beside its data: ids, metadata, index. */
const ENVELOPE = 1_000;

/** Makes a ring of at most `limit` events and about `bytes` bytes; the newest event is always kept. */
export function createRing(limit: number, bytes: number): Ring {
  let all: Queue = { items: [], start: 0 };
  const topics = new Map<string, Queue>();
  let total = 0;
  let head: Position = '';
  let floor: Position = '';

  function evict(): void {
    const oldest = shift(all);
    total -= oldest.bytes;
    floor = oldest.event.position;
    for (const topic of new Set(oldest.event.metadata.topics)) {
      const queue = topics.get(topic);
      if (!queue) continue;
      shift(queue);
      if (queue.items.length === queue.start) topics.delete(topic);
    }
  }

  function index(topic: string, held: Held): void {
    const queue = topics.get(topic);
    if (queue) queue.items.push(held);
    else topics.set(topic, { items: [held], start: 0 });
  }

  return {
    push(event) {
      const size = ENVELOPE + JSON.stringify(event.data).length;
      head = event.position;
      if (event.metadata.topics.length === 0) return size;
      const held = { event, bytes: size };
      all.items.push(held);
      total += size;
      for (const topic of new Set(event.metadata.topics)) index(topic, held);
      while (count(all) > limit || (total > bytes && count(all) > 1)) evict();
      return size;
    },
    reset(from) {
      all = { items: [], start: 0 };
      topics.clear();
      total = 0;
      head = from;
      floor = from;
    },
    head: () => head,
    advance(position) {
      if (position > head) head = position;
    },
    last: (topic) => topics.get(topic)?.items.at(-1)?.event.position ?? null,
    after(topic, position, most) {
      if (position < floor) return null;
      const queue = topics.get(topic);
      return queue ? stretch(queue, position, most) : { entries: [], complete: true };
    },
    size: () => count(all),
  };
}

function count(queue: Queue): number {
  return queue.items.length - queue.start;
}

function shift(queue: Queue): Held {
  const held = queue.items[queue.start] as Held;
  queue.start++;
  if (queue.start > 64 && queue.start * 2 > queue.items.length) {
    queue.items = queue.items.slice(queue.start);
    queue.start = 0;
  }
  return held;
}

function stretch(queue: Queue, position: Position, most: { count: number; bytes: number }): Stretch {
  const { items, start } = queue;
  const first = firstAfter(items, start, position);
  const entries: RingEntry[] = [];
  let bytes = 0;
  let at = first;
  for (; at < items.length && entries.length < most.count && bytes < most.bytes; at++) {
    const held = items[at] as Held;
    entries.push({ event: held.event, previous: at > start ? (items[at - 1] as Held).event.position : null });
    bytes += held.bytes;
  }
  return { entries, complete: at === items.length };
}

/** The index of the first item after the position, by binary search. */
function firstAfter(items: readonly Held[], start: number, position: Position): number {
  let low = start;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle] as Held).event.position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
