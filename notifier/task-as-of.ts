/** A task as it was right after an event: the same however late or often it is read, so that a policy decides the same again. */
import { LRUCache } from 'lru-cache';
import { known } from '../contracts/catalog.ts';
import { NO_STREAM, type Position, type RecordedEvent } from '../contracts/message.ts';
import type { Status, TaskEvent, TaskParties } from '../contracts/task.ts';
import { latestCommenters, NOBODY_ASKED, type Watching, watchingAfter } from '../contracts/watchers.ts';
import { BeginningGone, isCut } from '../platform/event-store/beginning.ts';
import { type EventStore, StoreUnavailable, StreamGone } from '../platform/event-store/event-store.ts';

/** The fields of a task that policies need. */
export interface TaskAsOf extends TaskParties, Watching {
  /** The users who commented, the latest last: as `latestCommenters` has them. */
  commenters: readonly string[];
  status: Status;
  deleted: boolean;
  deadline: string | null;
  /** The revision of its last event then; NO_STREAM where there was no such task. */
  revision: number;
}

/** The state before a task's first event. */
export const NO_TASK: TaskAsOf = {
  ...NOBODY_ASKED,
  maker: '',
  assignee: null,
  commenters: [],
  status: 'open',
  deleted: false,
  deadline: null,
  revision: NO_STREAM,
};

/** The task after one more event. Pure. */
export function evolveTask(task: TaskAsOf, recorded: RecordedEvent): TaskAsOf {
  const event = recorded as RecordedEvent & TaskEvent;
  // A task begins anew where its stream was deleted softly before.
  const before = event.type === 'TaskCreated' ? NO_TASK : task;
  return { ...before, ...watchingAfter(before, event), ...changeBy(event, before), revision: event.revision };
}

function changeBy(event: RecordedEvent & TaskEvent, task: TaskAsOf): Partial<TaskAsOf> {
  switch (event.type) {
    case 'TaskCreated':
      return { maker: event.data.maker, deadline: event.data.deadline ?? null };
    case 'TaskAssigned':
      return { assignee: event.data.userId };
    case 'TaskEdited':
      return event.data.deadline === undefined ? {} : { deadline: event.data.deadline };
    case 'TaskStatusChanged':
      return { status: event.data.to };
    case 'TaskCommented':
      return { commenters: latestCommenters([...task.commenters, event.metadata.actor]) };
    case 'TaskWatched':
    case 'TaskUnwatched':
      return {};
    case 'TaskDeleted':
      return { deleted: true };
    case 'TaskRestored':
      return { deleted: false };
    default:
      event satisfies never;
      return {};
  }
}

export interface TasksAsOf {
  /**
   * Reads the task on a stream as it was right after `event`, which may be the task's own or another's. The returned function folds what was
   * read, without I/O; it throws where the stream cannot be folded (UnknownEvent where it holds an event that this release does not know,
   * BeginningGone where its beginning was truncated). Null where the event is the task's own, and an operator of the event store deleted the task, or
   * truncated the event: nobody is to be told of it. Errors: those of the store; StoreUnavailable also where the store does not have the event yet.
   */
  read(stream: string, event: RecordedEvent): Promise<(() => TaskAsOf) | null>;
}

/** The number of tasks kept in memory, so that the next event of a task costs no reading from its beginning. */
const KEPT = 1_000;

interface Held {
  task: TaskAsOf;
  position: Position;
}

/** Folds tasks from their streams, up to an event's position. */
export function tasksAsOf(store: EventStore): TasksAsOf {
  const kept = new LRUCache<string, Held>({ max: KEPT });

  /** The task from which the stream is read on. A kept one may be newer than the event, where an event comes again: then it is read from its beginning. */
  function base(stream: string, event: RecordedEvent): TaskAsOf {
    const held = kept.get(stream);
    return held && held.position <= event.position ? held.task : NO_TASK;
  }

  /** Reads the events after a revision, up to the position of `event`. */
  async function eventsAfter(stream: string, revision: number, { position }: RecordedEvent): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const page of store.readStream(stream, { from: revision + 1, tellGone: true })) {
      const before = page.filter((one) => one.position <= position);
      events.push(...before);
      if (before.length < page.length) break;
    }
    return events;
  }

  /** Makes sure that the log is past an event which its stream does not show: then it was taken away. Error: StoreUnavailable. */
  async function assertGone({ stream, revision, position }: RecordedEvent): Promise<void> {
    if (position > (await store.head())) throw new StoreUnavailable(`${stream} has no revision ${revision} yet`);
  }

  async function read(stream: string, event: RecordedEvent): Promise<(() => TaskAsOf) | null> {
    const from = base(stream, event);
    const events = await eventsAfter(stream, from.revision, event);
    const last = events.at(-1)?.revision ?? from.revision;
    if (event.stream === stream && last < event.revision) {
      await assertGone(event);
      return null;
    }
    const [first] = events;
    if (first && (await isCut(store, from.revision, first))) return () => throwing(new BeginningGone(stream));
    return () => {
      const task = events.reduce((before, one) => evolveTask(before, known(one)), from);
      kept.set(stream, { task, position: event.position });
      return task;
    };
  }

  return {
    read: async (stream, event) => {
      try {
        return await read(stream, event);
      } catch (error) {
        if (!(error instanceof StreamGone)) throw error;
        kept.delete(stream);
        return event.stream === stream ? null : () => NO_TASK;
      }
    },
  };
}

function throwing(error: Error): never {
  throw error;
}
