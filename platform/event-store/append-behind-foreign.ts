/** Appends to streams in which others have written, too. */
import { isForwardable, type NewEvent, type RecordedEvent, START } from '../../contracts/message.ts';
import { isOurs } from '../../contracts/ours.ts';
import { type Appended, type AppendOptions, type EventStore, WrongExpectedRevision } from './event-store.ts';

/** Appends tried, where somebody foreign appends to the stream at the same time. */
const TRIES = 10;

/**
 * Makes the append of a store whose readers are not given foreign events: it appends behind those that came after the expected revision, since nobody who
 * decides sees them. An append that is repeated then is answered as the first time. Errors: as `append`.
 */
export function appendBehindForeign(store: Store): EventStore['append'] {
  return (stream, expected, events, options) => appendBehind(store, { stream, expected, events, options, at: expected, tries: TRIES });
}

type Store = Pick<EventStore, 'append' | 'readStream'>;

interface Appending {
  stream: string;
  expected: number;
  events: readonly NewEvent[];
  options: AppendOptions | undefined;
  /** The expected revision, or a later one, where everything between them is foreign. */
  at: number;
  tries: number;
}

async function appendBehind(store: Store, appending: Appending): Promise<Appended> {
  const { stream, expected, events, options, at, tries } = appending;
  try {
    return await store.append(stream, at, events, options);
  } catch (error) {
    if (!(error instanceof WrongExpectedRevision) || tries === 0) throw error;
    const next = placeOf(events, await since(store, stream, expected), expected);
    if (typeof next === 'object') return next;
    if (next <= at) throw error;
    return appendBehind(store, { ...appending, at: next, tries: tries - 1 });
  }
}

/** The events of a stream behind a revision, ours and foreign. */
async function since(store: Pick<EventStore, 'readStream'>, stream: string, revision: number): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const page of store.readStream(stream, { from: revision + 1 })) found.push(...page);
  return found;
}

/** Where an append is recorded already, or the revision behind which it can be: the expected one, where the race was lost to us. */
function placeOf(events: readonly NewEvent[], found: readonly RecordedEvent[], expected: number): Appended | number {
  const ours = found.filter(isOurs);
  const last = ours[events.length - 1];
  if (last && events.every(({ id }, index) => id === ours[index]?.id))
    return { revision: last.revision, position: isForwardable(last.stream) ? last.position : START };
  // Where the stream does not show all that is behind the expected revision, it was truncated, and nobody knows what that was.
  const allForeign = found[0]?.revision === expected + 1 && ours.length === 0;
  return allForeign ? (found.at(-1)?.revision ?? expected) : expected;
}
