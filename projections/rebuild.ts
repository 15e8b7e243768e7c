/**
 * Building a generation of a read model from the log's start, beside the one that queries read.
 *
 * Documents are folded in memory and written when they leave it: the half that was used less recently goes at once, in bulk,
 * and its documents are read back where events need them again. So memory stays flat however long the log is.
 * A build has no effect outside its generation.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { begins, isKnown } from '../contracts/catalog.ts';
import { isDeletion } from '../contracts/deletion.ts';
import type { Position, RecordedEvent } from '../contracts/message.ts';
import { hasOurMetadata } from '../contracts/ours.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { BEGINNING, type Checkpoint } from '../platform/followers/checkpoint-type.ts';
import type { ReadModels, Stored } from '../platform/read-models/read-models.ts';
import { documentAfter, type Poison } from './fold.ts';
import { type AnyProjector, byStream } from './projector.ts';
import { isWithoutBeginning } from './without-beginning.ts';

export interface RebuildContext {
  store: EventStore;
  readModels: ReadModels;
  /** Stops a build between two pages; its generation is abandoned. */
  signal?: AbortSignal;
  /** Number of documents kept in memory; default 50,000. */
  memory?: number;
  /** Number of events read and folded before other work of the process gets its turn; default 2,000. */
  page?: number;
  /** Hears of all events that were read. */
  seen?: (events: readonly RecordedEvent[]) => void;
  /** Number of streams with poison after which a build is given up; default 1,000. */
  mostPoison?: number;
}

/** The progress of a build. */
export interface RebuildProgress {
  /** Number of events read so far, whether this model folds them or not. */
  events: number;
  position: Position;
  /** Position of the log's end. */
  head: Position;
}

/** The result of a rebuild. */
export interface Rebuilt {
  /** Number of events read. */
  events: number;
  seconds: number;
}

/** A generation under construction. */
export interface Building {
  readonly generation: number;
  /** The number of events read so far. */
  events(): number;
  /** The checkpoint of the last event read. */
  checkpoint(): Checkpoint;
  /** The first poison event of each stream that has one. */
  poison(): Poison[];
  /** Folds the events up to the log's present end, and writes the documents. Resolves to the number of these events. */
  readOn(onProgress?: (progress: RebuildProgress) => void): Promise<number>;
}

const PAGE = 2_000;
/** Documents written at once, for the same reason. */
const CHUNK = 500;
const MEMORY = 50_000;
/** More streams with poison than this are a fault of the projector. */
const MOST_POISON = 1_000;

/** Begins a new generation. Queries do not see it until the model's pointer is moved to it. */
export async function build(projector: AnyProjector, context: RebuildContext): Promise<Building> {
  const { store, readModels, signal, page = PAGE, mostPoison = MOST_POISON, seen = () => {} } = context;
  const { model } = projector;
  const generation = await readModels.begin(model);
  const documents = documentsOf(projector, context, generation);
  const wanted = new Set(projector.events);
  const poison = new Map<string, Poison>();
  let checkpoint: Checkpoint = BEGINNING;
  let events = 0;
  /** The streams with poison that were not looked at yet, and those whose events are passed because there is no beginning of them. */
  const unjudged: Poison[] = [];
  const passed = new Set<string>();

  async function takePage(next: RecordedEvent[]): Promise<number> {
    const news = next.filter((event) => event.position > checkpoint.position);
    const last = news.at(-1);
    if (!last) return 0;
    seen(news.filter(hasOurMetadata));
    const isMine = (event: RecordedEvent) => isDeletion(event) || (wanted.has(event.type) && isKnown(event));
    const mine = news.filter((event) => isMine(event) && hasOurMetadata(event));
    await documents.have(mine);
    for (const event of mine) take(event);
    await judgePoison();
    checkpoint = { position: last.position, eventId: last.id };
    events += news.length;
    return news.length;
  }

  function take(event: RecordedEvent): void {
    if (isDeletion(event)) poison.delete(event.stream);
    if (poison.has(event.stream) || (passed.has(event.stream) && !begins(event))) return;
    try {
      documents.fold(event);
    } catch (error) {
      poison.set(event.stream, { event, error });
      unjudged.push({ event, error });
    }
  }

  /** Lets go the streams of which there is no beginning, and gives up where too many others cannot be folded. */
  async function judgePoison(): Promise<void> {
    for (const found of unjudged.splice(0)) {
      if (!(await isWithoutBeginning(found, store))) continue;
      poison.delete(found.event.stream);
      passed.add(found.event.stream);
    }
    if (poison.size <= mostPoison) return;
    const [first] = poison.values();
    throw new Error(`${model.name}: more than ${mostPoison} streams cannot be folded`, { cause: first?.error });
  }

  async function readOn(onProgress: (progress: RebuildProgress) => void = () => {}): Promise<number> {
    const head = await store.head();
    let taken = 0;
    for await (const next of store.readAll({ from: checkpoint.position, page, lean: true, types: wanted })) {
      signal?.throwIfAborted();
      taken += await takePage(next);
      await documents.shrink(checkpoint);
      onProgress({ events, position: checkpoint.position, head: furthest(head, checkpoint.position) });
      await nextTurn();
    }
    await documents.writeAll(checkpoint);
    return taken;
  }

  return { generation, events: () => events, checkpoint: () => checkpoint, poison: () => [...poison.values()], readOn };
}

function furthest(a: Position, b: Position): Position {
  return [a, b].sort()[1] ?? a;
}

/** A document in memory; `stored` is undefined before its first event. */
interface Held {
  stored: Stored | undefined;
  /** True where the read model's store does not have it in this state. */
  dirty: boolean;
}

/** The documents of a build, in two halves: when the younger half is full, the older one is written and dropped from memory. */
function documentsOf(projector: AnyProjector, { readModels, memory = MEMORY, signal }: RebuildContext, generation: number) {
  const { model } = projector;
  let young = new Map<string, Held>();
  let old = new Map<string, Held>();
  let letGo = false;

  function held(key: string): Held | undefined {
    const here = young.get(key);
    if (here) return here;
    const older = old.get(key);
    if (!older) return undefined;
    old.delete(key);
    young.set(key, older);
    return older;
  }

  /** The keys of documents to read back. Only dropped documents can be in the store, and none of a stream's first event. */
  function missing(events: RecordedEvent[]): string[] {
    if (!letGo) return [];
    const later = projector.key === byStream ? events.filter(({ revision }) => revision > 0) : events;
    const keys = new Set(later.flatMap((event) => projector.key(event) ?? []));
    return [...keys].filter((key) => !held(key));
  }

  async function have(events: RecordedEvent[]): Promise<void> {
    const keys = missing(events);
    for (let from = 0; from < keys.length; from += CHUNK) {
      for (const stored of await readModels.get(model, generation, keys.slice(from, from + CHUNK))) young.set(stored.id, { stored, dirty: false });
    }
  }

  function fold(event: RecordedEvent): void {
    const key = projector.key(event);
    if (key === undefined) return;
    const before = held(key);
    if (!before && isDeletion(event)) return;
    const document = documentAfter(projector, before?.stored?.document, event);
    const stored: Stored = { id: key, position: event.position, document };
    if (before) {
      before.stored = stored;
      before.dirty = true;
    } else {
      young.set(key, { stored, dirty: true });
    }
  }

  async function write(documents: Map<string, Held>, checkpoint: Checkpoint): Promise<void> {
    const dirty = [...documents.values()].filter((one) => one.dirty);
    for (let from = 0; from < dirty.length; from += CHUNK) {
      signal?.throwIfAborted();
      const chunk = dirty.slice(from, from + CHUNK);
      await readModels.write(
        model,
        generation,
        chunk.flatMap(({ stored }) => stored ?? []),
        checkpoint,
      );
      for (const one of chunk) one.dirty = false;
      await nextTurn();
    }
  }

  async function shrink(checkpoint: Checkpoint): Promise<void> {
    if (young.size < memory / 2) return;
    const leaving = old;
    await write(leaving, checkpoint);
    letGo ||= leaving.size > 0;
    old = young;
    young = new Map();
  }

  async function writeAll(checkpoint: Checkpoint): Promise<void> {
    await write(old, checkpoint);
    await write(young, checkpoint);
    await readModels.write(model, generation, [], checkpoint);
  }

  return { have, fold, shrink, writeAll };
}
