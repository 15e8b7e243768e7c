/** Moving bookkeeping: reservations, effect checkpoints, parked streams. Positions of the old log become those of the same events in the new one. */
import { isDeepStrictEqual } from 'node:util';
import { NO_STREAM, type RecordedEvent, START } from '../../../contracts/message.ts';
import type { EventStore, ReadStream } from '../../../platform/event-store/event-store.ts';
import { holds } from '../../../platform/followers/checkpoint.ts';
import type { Checkpoint } from '../../../platform/followers/checkpoint-type.ts';
import { appendAsTheyWere, runsOf } from './append.ts';
import { type EventStores, eachOf } from './events.ts';
import { differs } from './refused.ts';

/**
 * Streams that are not moved: snapshots hold old positions, requests were for the old processes, types, shapes and master keys are noted as they are used,
 * posted files are in the hand of old processes or read again; all are made anew. `_forwarder`: see target.ts.
 */
const LEFT_OUT = /^_(snapshot-|requests-|progress-|posted-|shapes$|sealing$|forwarder$)/;
/** Streams whose events name an event of the log by `position` and `eventId`. */
const WITH_POSITIONS = /^_(checkpoint|parked)-/;

/** Copies every stream that is missing in the target or differs there. */
export async function copyBookkeeping(stores: EventStores): Promise<void> {
  for await (const { wanted, there } of streams(stores)) {
    if (isSame(wanted, there)) continue;
    // A stream of an interrupted run is written over where the source has changed since.
    let revision = there.at(-1)?.revision ?? NO_STREAM;
    for await (const run of runsOf(wanted)) {
      await appendAsTheyWere(stores.target, run, revision, { keep: wanted.length });
      revision += run.length;
    }
  }
}

/** Compares all streams; resolves to their number. Error: `UserError` where one differs in the target. */
export async function compareBookkeeping(stores: EventStores): Promise<number> {
  let count = 0;
  for await (const { wanted, there } of streams(stores)) {
    if (!isSame(wanted, there)) throw differs(`its ${wanted[0]?.stream} is another one`);
    count++;
  }
  return count;
}

/** The source's streams of bookkeeping: as they have to be in the target (`wanted`), and as they are there. */
async function* streams(stores: EventStores): AsyncGenerator<{ wanted: RecordedEvent[]; there: RecordedEvent[] }> {
  for await (const name of namesOf(stores.source)) {
    const wanted: RecordedEvent[] = [];
    for (const event of await all(stores.source, name)) wanted.push(...(await translated(stores, event)));
    if (wanted.length > 0) yield { wanted, there: await all(stores.target, name) };
  }
}

/** The names of the source's streams, each once: where its first remaining event is met. */
async function* namesOf(source: EventStore): AsyncGenerator<string> {
  for await (const { stream, revision } of eachOf(source.readAll({ log: 'bookkeeping' }))) {
    if (LEFT_OUT.test(stream)) continue;
    const [first] = await all(source, stream, { limit: 1 });
    if (first?.revision === revision) yield stream;
  }
}

/**
 * The event with its position in the target's log, so that a follower with effects goes on behind the same event. A checkpoint that the old log
 * does not hold is left out: its follower would begin at the head in both logs.
 */
async function translated(stores: EventStores, event: RecordedEvent): Promise<RecordedEvent[]> {
  const place = event.data as Checkpoint;
  if (!WITH_POSITIONS.test(event.stream) || (place.position ?? START) === START) return [event];
  const moved = await placeInTarget(stores, place);
  if (moved === null) return [];
  const { revision, ...checkpoint } = moved;
  // A parked stream waits at a revision, too.
  return [{ ...event, data: { ...place, ...checkpoint, ...('revision' in place && revision !== undefined ? { revision } : {}) } }];
}

/**
 * The checkpoint in the target; null where the source does not hold it. One at an event that is not ours, which is not moved, is that of the last event of
 * ours before it. Error: `UserError` where the target does not hold that.
 */
async function placeInTarget({ source, target }: EventStores, place: Checkpoint): Promise<(Checkpoint & { revision?: number }) | null> {
  const { position, eventId } = place;
  if (!(await holds(source, place))) return null;
  for await (const [event] of source.readAll({ direction: 'backwards', from: position, limit: 1 })) {
    if (!event) break;
    const there = await inTarget(target, event);
    if (there && there.position !== START) return { position: there.position, eventId: there.id, revision: there.revision };
    throw differs(`event ${event.revision} of ${event.stream} has no place`);
  }
  return { position: START, eventId };
}

/** The event in the target, at its revision, or at a lower one where others wrote into its stream. */
async function inTarget(target: EventStore, { id, stream, revision }: RecordedEvent): Promise<RecordedEvent | undefined> {
  const [there] = await all(target, stream, { from: revision, limit: 1 });
  return there?.id === id ? there : (await all(target, stream)).find((one) => one.id === id);
}

/** All events of a stream of bookkeeping, which are few, because these streams are trimmed. */
async function all(store: EventStore, stream: string, options?: ReadStream): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of store.readStream(stream, options)) events.push(...page);
  return events;
}

/** True where the events are the same but for their revisions, since a trimmed stream begins anew in the target. */
function isSame(wanted: readonly RecordedEvent[], there: readonly RecordedEvent[]): boolean {
  const plain = ({ id, type, time, data, metadata }: RecordedEvent) => ({ id, type, time, data, metadata });
  return isDeepStrictEqual(wanted.map(plain), there.map(plain));
}
