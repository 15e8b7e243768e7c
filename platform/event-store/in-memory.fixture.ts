/** For tests: an event store that keeps to the port's rules and holds everything in memory, and a short way to fill one. */
import { randomUUID } from 'node:crypto';
import { exampleEvent } from '../../contracts/catalog.ts';
import { isForwardable, type NewEvent, NO_STREAM, type RecordedEvent, START } from '../../contracts/message.ts';
import { orAborted } from '../concurrency/abortable.ts';
import { type Appended, type AppendOptions, type EventStore, type ReadAll, type SubscriptionOptions, WrongExpectedRevision } from './event-store.ts';

const PAGE = 100;

/** Makes an empty store. `first` is the number of the first position, so that two logs can have different ones. */
export function inMemoryStore(first = 1): EventStore {
  const logs: Record<'events' | 'bookkeeping', RecordedEvent[]> = { events: [], bookkeeping: [] };
  const streams = new Map<string, RecordedEvent[]>();
  let moved = Promise.withResolvers<void>();
  const last = (stream: string) => streams.get(stream)?.at(-1)?.revision ?? NO_STREAM;
  const head = () => logs.events.at(-1)?.position ?? START;

  function take(stream: string, event: NewEvent): void {
    const log = logs[isForwardable(stream) ? 'events' : 'bookkeeping'];
    const there = streams.get(stream) ?? [];
    const position = String(first + log.length).padStart(16, '0');
    const recorded = { ...event, stream, revision: last(stream) + 1, position, time: '2026-11-21T09:00:00.000Z' };
    log.push(recorded);
    streams.set(stream, [...there, recorded]);
  }

  function trim(stream: string, keep: number): void {
    if (keep > 0) streams.set(stream, (streams.get(stream) ?? []).slice(-keep));
  }

  async function* readAll({ log = 'events', page, ...which }: ReadAll = {}): AsyncGenerator<RecordedEvent[]> {
    yield* pagesOf(
      selected(logs[log], ({ position }) => position, which),
      page,
    );
  }

  async function* subscribe({ after = START, signal }: SubscriptionOptions): AsyncGenerator<RecordedEvent[]> {
    for (let at = after; !signal.aborted; ) {
      const page = logs.events.filter(({ position }) => position > at).slice(0, PAGE);
      if (page.length > 0) yield page;
      else await orAborted(moved.promise, signal);
      at = page.at(-1)?.position ?? at;
    }
  }

  async function append(stream: string, expected: number, events: readonly NewEvent[], { keep = 0 }: AppendOptions = {}): Promise<Appended> {
    const actual = last(stream);
    if (actual !== expected) throw new WrongExpectedRevision(stream, expected, actual);
    for (const event of events) take(stream, event);
    trim(stream, keep);
    moved.resolve();
    moved = Promise.withResolvers<void>();
    return { revision: expected + events.length, position: isForwardable(stream) ? head() : START };
  }

  return {
    append,
    readStream: async function* (stream, options = {}) {
      yield* pagesOf(selected(streams.get(stream) ?? [], ({ revision }) => revision, options));
    },
    readAll,
    subscribe,
    head: async () => head(),
    close: async () => {},
  };
}

interface Selection<Place> {
  direction?: 'forwards' | 'backwards';
  from?: Place;
  limit?: number;
}

function selected<Place extends string | number>(
  events: RecordedEvent[],
  placeOf: (event: RecordedEvent) => Place,
  { direction = 'forwards', from, limit }: Selection<Place>,
): RecordedEvent[] {
  const inOrder = direction === 'forwards' ? events : events.toReversed();
  const isPast = (place: Place, edge: Place) => (direction === 'forwards' ? place >= edge : place <= edge);
  return inOrder.filter((event) => from === undefined || isPast(placeOf(event), from)).slice(0, limit);
}

function* pagesOf(events: RecordedEvent[], size = PAGE): Generator<RecordedEvent[]> {
  for (let from = 0; from < events.length; from += size) yield events.slice(from, from + size);
}

/** Makes a new event of a type, as its contract's example has it. */
export function newEvent(type: string): NewEvent {
  const { data, metadata } = exampleEvent(type);
  return { id: randomUUID(), type, data, metadata };
}

const TYPES: Record<string, string> = { task: 'TaskCommented', user: 'UserEdited', notification: 'NotificationSent' };

/** Appends an event to each of these streams, one after the other. Answers all events of the log. */
export async function fill(store: EventStore, streams: readonly string[]): Promise<RecordedEvent[]> {
  for (const stream of streams) {
    const type = TYPES[stream.slice(0, stream.indexOf('-'))] ?? 'TaskCommented';
    await store.append(stream, await lastRevision(store, stream), [newEvent(type)]);
  }
  return logOf(store);
}

/** All forwardable events. */
export async function logOf(store: EventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of store.readAll()) events.push(...page);
  return events;
}

async function lastRevision(store: EventStore, stream: string): Promise<number> {
  for await (const [last] of store.readStream(stream, { direction: 'backwards', limit: 1 })) if (last) return last.revision;
  return NO_STREAM;
}
