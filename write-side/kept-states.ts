/**
 * States of streams, kept so that a command does not read its whole stream again: in memory, and for long streams
 * as `_snapshot-<stream>`. A kept state is only a start: later events are always read from the store.
 */
import { LRUCache } from 'lru-cache';
import { begins, isKnown, UnknownEvent, upcast } from '../contracts/catalog.ts';
import { type Metadata, NO_STREAM, type RecordedEvent, START } from '../contracts/message.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import type { Loaded } from '../platform/command-handler.ts';
import { BeginningGone, isBeginning, isCut } from '../platform/event-store/beginning.ts';
import { type EventStore, StreamGone } from '../platform/event-store/event-store.ts';
import { stableId } from '../platform/stable-id.ts';
import type { AnyDecider } from './decider.ts';

/** The first answer to a command, given again to its repeats. */
export interface Answered {
  revision: number;
  position: string;
  bodyHash?: string | undefined;
}

export interface KeptState extends Loaded<unknown> {
  /** The answers to the last commands of the stream, by the command's id, oldest first. */
  commands: Map<string, Answered>;
  /** Revision of the event after which the last snapshot was taken. */
  snapshotAt: number;
  /** How often everything was forgotten before it was read: it may be of a time before that. */
  era: number;
}

/** The most command ids remembered for a stream. */
const COMMANDS = 1_000;
/** Number of events by which a stream grows between two snapshots. */
const SNAPSHOT_EVERY = 250;
/** Number of events read backwards before a snapshot is looked for: a short stream needs no second read. */
const TAIL = 50;
/** The size of the memory, where a stream counts 10 and each of its command ids 1. */
const MEMORY = 200_000;

interface Snapshot {
  stateVersion: number;
  revision: number;
  position: string;
  state: unknown;
  commands: [string, Answered][];
}

export interface KeptStates {
  /** Loads the stream's state, as new as the store. */
  load(stream: string): Promise<KeptState>;
  /** Adds events that this process just appended after the state `kept`. */
  add(stream: string, kept: KeptState, events: readonly RecordedEvent[]): void;
  /** Forgets all states in memory, also those that are just being read or decided on: somebody was erased whose texts they may have. */
  forget(): void;
  /** Resolves once the snapshots under way are written. */
  settle(): Promise<void>;
}

export function keptStates(
  store: EventStore,
  deciderOf: (stream: string) => AnyDecider,
  log: { warn(data: object, message: string): void },
): KeptStates {
  const memory = new LRUCache<string, KeptState>({ maxSize: MEMORY, sizeCalculation: (kept) => 10 + kept.commands.size });
  const writing = new Set<Promise<void>>();
  let era = 0;

  async function load(stream: string): Promise<KeptState> {
    const kept = memory.get(stream);
    const next = await (kept ? readOn(stream, kept) : loadCold(stream)).catch((error: unknown) => withoutStream(stream, error, kept));
    // An operator who truncated a stream may take that back.
    if (next !== kept && !(next.missing instanceof BeginningGone)) remember(stream, next);
    return next;
  }

  /** The state of a stream that an operator took away. What was known of it is forgotten; a read from its beginning then says what is left. */
  function withoutStream(stream: string, error: unknown, kept: KeptState | undefined): KeptState | Promise<KeptState> {
    if (!(error instanceof StreamGone)) throw error;
    memory.delete(stream);
    return kept ? load(stream) : { ...nothingOf(stream), ...lacking(error) };
  }

  function nothingOf(stream: string): KeptState {
    return { state: deciderOf(stream).initial, revision: NO_STREAM, position: START, commands: new Map(), snapshotAt: NO_STREAM, era };
  }

  /** Reads a stream that is not in memory: all of a short one, else its snapshot and the events after it. */
  async function loadCold(stream: string): Promise<KeptState> {
    const decider = deciderOf(stream);
    const empty = nothingOf(stream);
    const tail: RecordedEvent[] = [];
    for await (const page of store.readStream(stream, { direction: 'backwards', limit: TAIL, tellGone: true })) tail.push(...page);
    if (tail.length === 0 || tail.some(isBeginning)) return fold(decider, empty, tail.reverse());
    return readOn(stream, (await readSnapshot(stream, decider, empty.era)) ?? empty);
  }

  async function readSnapshot(stream: string, decider: AnyDecider, begun: number): Promise<KeptState | undefined> {
    for await (const [event] of store.readStream(`_snapshot-${stream}`, { direction: 'backwards', limit: 1 })) {
      const snapshot = event?.data as Snapshot;
      if (snapshot.stateVersion !== decider.stateVersion) return undefined;
      const { state, revision, position, commands } = snapshot;
      return { state, revision, position, commands: new Map(commands), snapshotAt: revision, era: begun };
    }
    return undefined;
  }

  async function readOn(stream: string, kept: KeptState): Promise<KeptState> {
    let next = kept;
    for await (const page of store.readStream(stream, { from: kept.revision + 1, tellGone: true })) {
      next = fold(deciderOf(stream), (await misses(next, page)) ? { ...nothingOf(stream), missing: new BeginningGone(stream) } : next, page);
    }
    return next;
  }

  async function misses({ revision, missing }: KeptState, [next]: readonly RecordedEvent[]): Promise<boolean> {
    return next !== undefined && !missing && (await isCut(store, revision, next));
  }

  function add(stream: string, kept: KeptState, events: readonly RecordedEvent[]): void {
    remember(stream, fold(deciderOf(stream), kept, events));
  }

  function remember(stream: string, kept: KeptState): void {
    if (kept.era !== era) return;
    memory.set(stream, kept);
    // A snapshot of an incomplete state would be believed by the release that knows the missing events.
    if (kept.missing) return;
    if (kept.revision - kept.snapshotAt < SNAPSHOT_EVERY) return;
    kept.snapshotAt = kept.revision;
    const work = snapshot(stream, kept)
      .catch((error) => {
        if (!absencesIn(log).failed(error)) log.warn({ err: error, stream }, 'snapshot not written; the next one comes later');
      })
      .finally(() => writing.delete(work));
    writing.add(work);
  }

  async function snapshot(stream: string, kept: KeptState): Promise<void> {
    const name = `_snapshot-${stream}`;
    const data: Snapshot = {
      stateVersion: deciderOf(stream).stateVersion,
      revision: kept.revision,
      position: kept.position,
      state: kept.state,
      commands: [...kept.commands],
    };
    let last = NO_STREAM;
    for await (const page of store.readStream(name, { direction: 'backwards', limit: 1 })) last = page[0]?.revision ?? NO_STREAM;
    const id = stableId(name, String(kept.revision), String(last));
    const metadata: Metadata = { $correlationId: id, $causationId: id, commandId: id, actor: 'system', schema: 1, topics: [] };
    await store.append(name, last, [{ id, type: 'Snapshot', data, metadata }], { keep: 2 });
  }

  return {
    load,
    add,
    forget: () => {
      era++;
      memory.clear();
    },
    settle: async () => {
      await Promise.all(writing);
    },
  };
}

/** What a state lacks whose stream an operator took away. */
function lacking({ stream, how }: StreamGone): Pick<KeptState, 'missing' | 'gone'> {
  if (how === 'tombstone') return { gone: true };
  return how === 'hidden' ? { missing: new BeginningGone(stream) } : {};
}

function fold(decider: AnyDecider, kept: KeptState, events: readonly RecordedEvent[]): KeptState {
  if (events.length === 0) return kept;
  // Shared with older states of the stream, on purpose: every answer in this map is durable, and copying it would cost each command.
  const { commands } = kept;
  let { state, revision, position, missing } = kept;
  for (const event of events) {
    ({ state, missing } = after(event, { state, missing }, decider));
    revision = event.revision;
    position = event.position;
    answered(commands, event);
  }
  forgetOldest(commands);
  return { state, revision, position, commands, snapshotAt: kept.snapshotAt, era: kept.era, ...(missing ? { missing } : {}) };
}

interface Folded {
  state: unknown;
  missing: KeptState['missing'] | undefined;
}

/** The state after one more event. One that begins a stream begins it anew, where the stream was deleted softly before. */
function after(event: RecordedEvent, folded: Folded, decider: AnyDecider): Folded {
  const { state, missing } = begins(event) ? { state: decider.initial, missing: undefined } : folded;
  if (missing instanceof BeginningGone) return folded;
  if (isKnown(event)) return { state: decider.evolve(state, upcast(event)), missing };
  return { state, missing: missing ?? new UnknownEvent(event) };
}

function forgetOldest(commands: Map<string, Answered>): void {
  for (const oldest of commands.keys()) {
    if (commands.size <= COMMANDS) break;
    commands.delete(oldest);
  }
}

/** Notes the answer of the command that an event came of. An event without our metadata came of none. */
function answered(commands: Map<string, Answered>, { revision, position, metadata }: RecordedEvent): void {
  const { commandId, bodyHash } = (metadata ?? {}) as Partial<Metadata>;
  if (commandId === undefined) return;
  commands.delete(commandId);
  commands.set(commandId, { revision, position, bodyHash });
}
