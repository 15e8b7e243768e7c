/**
 * A task folded from its own stream: as it was at some moment, and as it is now. A long stream is folded once in a process: what was folded is kept in
 * stretches, so that a question reads the one stretch that it is about, and what is new.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { isKnown, upcast } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { mayReadTask } from '../../contracts/task.ts';
import { turns } from '../../platform/concurrency/stream-turns.ts';
import { isBeginning } from '../../platform/event-store/beginning.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Caller } from '../../platform/http/route.ts';
import { type TaskDetailDocument, taskDetail } from '../../projections/projectors/task-detail.ts';

/** A task at some moment and now; null where it did not exist. */
export interface TaskAtTime {
  then: TaskDetailDocument | null;
  now: TaskDetailDocument | null;
}

/** True for what had happened by some moment: told by the time alone, or by the position alone. */
type Before = (event: Pick<RecordedEvent, 'time' | 'position'>) => boolean;

/** Some events of a stream in a row, and the task before them. */
interface Stretch {
  from: number;
  document: TaskDetailDocument | undefined;
  /** The earliest time, and the first position, among its events. */
  time: string;
  position: string;
  events: number;
}

interface FoldedTask {
  /** The ids of the first event and of the last known one, by which a stream is seen to be the same. */
  first: string;
  last: { id: string; revision: number };
  now: TaskDetailDocument;
  stretches: Stretch[];
}

/** The events of a stretch. */
const STRETCH = 250;
/** The characters of the documents that are kept, about. */
const KEPT = 16_000_000;

const keptOf = new WeakMap<object, ReturnType<typeof keptTasks>>();

/** The task of a stream; `then` as of the last event for which `before` is true. As new as the log. */
export async function taskAt(store: EventStore, id: string, before: Before): Promise<TaskAtTime> {
  const kept = keptOf.get(store) ?? keptTasks(store);
  keptOf.set(store, kept);
  const folded = await kept.asOfNow(`task-${id}`);
  const stretch = folded?.stretches.findLast(before);
  const then = stretch ? await lastOf(store, `task-${id}`, stretch, before) : null;
  return { then, now: folded?.now ?? null };
}

/** True where the caller may read a task (deleted or not). */
export function mayRead(caller: Caller, task: Pick<TaskDetailDocument, 'maker' | 'assignee'>): boolean {
  return mayReadTask(caller, task);
}

/** The task after the last event of a stretch for which `before` is true. */
async function lastOf(store: EventStore, stream: string, { from, document, events }: Stretch, before: Before): Promise<TaskDetailDocument | null> {
  let now = document;
  let then = document;
  let left = events;
  for await (const event of knownFrom(store, stream, from)) {
    if (left-- === 0) break;
    now = taskDetail.evolve(now, event) as TaskDetailDocument;
    if (before(event)) then = now;
  }
  return then ?? null;
}

async function* knownFrom(store: EventStore, stream: string, from: number): AsyncGenerator<RecordedEvent> {
  for await (const page of store.readStream(stream, { from })) for (const event of page.filter(isKnown)) yield upcast(event);
}

function keptTasks(store: EventStore) {
  const inTurn = turns();
  const known = new LRUCache<string, FoldedTask>({ maxSize: KEPT, sizeCalculation: sizeOf });

  async function fold(stream: string): Promise<FoldedTask | undefined> {
    const before = known.get(stream);
    const same = before && (await firstOf(store, stream)) === before.first ? before : undefined;
    const folded = (same && (await readOn(store, stream, same))) ?? (await readOn(store, stream, undefined));
    if (folded) known.set(stream, folded);
    else known.delete(stream);
    return folded;
  }

  return { asOfNow: (stream: string) => inTurn(stream, () => fold(stream)) };
}

/** The characters of a kept task, about. Its stretches share the texts of the comments, and have lists of their own that name them. */
function sizeOf({ now, stretches }: FoldedTask): number {
  const texts = now.comments.reduce((sum, { text }) => sum + text.length + 200, now.description.length);
  return 1_000 + texts + stretches.length * (now.description.length + 8 * now.comments.length + 500);
}

async function firstOf(store: EventStore, stream: string): Promise<string | undefined> {
  for await (const [first] of store.readStream(stream, { limit: 1 })) return first?.id;
  return undefined;
}

/** Folds what follows; undefined where the last event is not there any more, or nothing can be folded: a stream without its beginning. */
async function readOn(store: EventStore, stream: string, before: FoldedTask | undefined): Promise<FoldedTask | undefined> {
  let folded: FoldedTask | undefined;
  for await (const page of store.readStream(stream, before ? { from: before.last.revision } : {})) {
    for (const event of page.filter(isKnown)) folded = next(folded, before, event);
    if (before && !folded) return undefined;
    // Other requests have their turn while a long stream is folded.
    await turn();
  }
  return folded;
}

/** The task after one more event. The first event that is read again must be the last that was folded. */
function next(folded: FoldedTask | undefined, before: FoldedTask | undefined, event: RecordedEvent): FoldedTask | undefined {
  if (folded) return after(folded, event);
  if (before) return event.id === before.last.id ? { ...before, stretches: [...before.stretches] } : undefined;
  return isBeginning(event) ? after(undefined, event) : undefined;
}

function after(folded: FoldedTask | undefined, event: RecordedEvent): FoldedTask {
  const { time, position, revision, id } = event;
  const stretches = folded?.stretches ?? [];
  const last = stretches.at(-1);
  if (last && last.events < STRETCH) stretches[stretches.length - 1] = grown(last, time);
  else stretches.push({ from: revision, document: folded?.now, time, position, events: 1 });
  const now = taskDetail.evolve(folded?.now, upcast(event)) as TaskDetailDocument;
  return { first: folded?.first ?? id, last: { id, revision }, now, stretches };
}

function grown(stretch: Stretch, time: string): Stretch {
  const more = { ...stretch, events: stretch.events + 1 };
  if (time < more.time) more.time = time;
  return more;
}
