/** A task as it was right after an event: the same however late or often it is read, so that a policy decides the same again. */
import { LRUCache } from 'lru-cache';
import { known } from '../contracts/catalog.ts';
import { NO_STREAM, type Position, type RecordedEvent } from '../contracts/message.ts';
import type { Status, TaskEvent, TaskParties } from '../contracts/task.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';

/** The fields of a task that policies need. */
export interface TaskAsOf extends TaskParties {
  /** The users who commented, the latest last: at most MOST_COMMENTERS. */
  commenters: readonly string[];
  status: Status;
  deleted: boolean;
  deadline: string | null;
  /** The revision of its last event then; NO_STREAM where there was no such task. */
  revision: number;
}

/** The most commenters kept: they bound the notifications that one event asks for. */
export const MOST_COMMENTERS = 100;

/** The state before a task's first event. */
export const NO_TASK: TaskAsOf = { maker: '', assignee: null, commenters: [], status: 'open', deleted: false, deadline: null, revision: NO_STREAM };

/** The task after one more event. Pure. */
export function evolveTask(task: TaskAsOf, recorded: RecordedEvent): TaskAsOf {
  const event = recorded as RecordedEvent & TaskEvent;
  return { ...task, ...changeBy(event, task), revision: event.revision };
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
      return { commenters: [...task.commenters.filter((one) => one !== event.metadata.actor), event.metadata.actor].slice(-MOST_COMMENTERS) };
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
   * read, without I/O; it throws where the stream cannot be folded (UnknownEvent
   * where it holds an event that this release does not know). Errors: those of the store; StoreUnavailable also where the store does
   * not have the event yet.
   */
  read(stream: string, event: RecordedEvent): Promise<() => TaskAsOf>;
}

/** The number of tasks kept in memory, so that the next event of a task costs no reading from its beginning. */
const KEPT = 1_000;

/** Folds tasks from their streams, up to an event's position. */
export function tasksAsOf(store: EventStore): TasksAsOf {
  const kept = new LRUCache<string, { task: TaskAsOf; position: Position }>({ max: KEPT });

  async function eventsAfter(stream: string, revision: number, { position }: RecordedEvent): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    for await (const page of store.readStream(stream, { from: revision + 1 })) {
      const before = page.filter((one) => one.position <= position);
      events.push(...before);
      if (before.length < page.length) break;
    }
    return events;
  }

  return {
    read: async (stream, event) => {
      const held = kept.get(stream);
      // The kept task may be newer than the event, where an event comes again: then its stream is read from the beginning.
      const from = held && held.position <= event.position ? held.task : NO_TASK;
      const events = await eventsAfter(stream, from.revision, event);
      const last = events.at(-1)?.revision ?? from.revision;
      if (event.stream === stream && last < event.revision) throw new StoreUnavailable(`${stream} has no revision ${event.revision} yet`);
      return () => {
        const task = events.reduce((before, one) => evolveTask(before, known(one)), from);
        kept.set(stream, { task, position: event.position });
        return task;
      };
    },
  };
}
