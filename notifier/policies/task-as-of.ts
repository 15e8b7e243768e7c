/** A task as it was when something happened: the same however late or often that is looked at, so that a policy decides the same again. */
import { LRUCache } from 'lru-cache';
import { upcast } from '../../contracts/catalog.ts';
import { NO_STREAM, type Position, type RecordedEvent } from '../../contracts/message.ts';
import type { Status, TaskEvent, TaskParties } from '../../contracts/task.ts';
import { type EventStore, StoreUnavailable } from '../../platform/event-store/event-store.ts';

/** What policies need to know of a task. */
export interface TaskAsOf extends TaskParties {
  /** Who commented, the latest last: at most MOST_COMMENTERS. */
  commenters: readonly string[];
  status: Status;
  deleted: boolean;
  deadline: string | null;
  /** Of its last event then; NO_STREAM where there was no such task. */
  revision: number;
}

/** One event asks for so many notifications at most, and four. */
export const MOST_COMMENTERS = 100;

/** No task. */
export const NO_TASK: TaskAsOf = { maker: '', assignee: null, commenters: [], status: 'open', deleted: false, deadline: null, revision: NO_STREAM };

/** The task after one more event. Pure. */
export function evolve(task: TaskAsOf, recorded: RecordedEvent): TaskAsOf {
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
      return event satisfies never;
  }
}

export interface TasksAsOf {
  /**
   * Reads what is needed to tell how the task on that stream was right after `event`, which may be one of its own or another's. The answer
   * tells it, without further I/O; it throws where the stream cannot be folded. Errors: those of the store; StoreUnavailable also where
   * the store does not have the event yet.
   */
  read(stream: string, event: RecordedEvent): Promise<() => TaskAsOf>;
}

/** Tasks kept, so that the next event of one costs no reading from its beginning. */
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
      const known = kept.get(stream);
      // What is kept may be of later: an event that comes again is told of its own time.
      const from = known && known.position <= event.position ? known.task : NO_TASK;
      const events = await eventsAfter(stream, from.revision, event);
      const last = events.at(-1)?.revision ?? from.revision;
      if (event.stream === stream && last < event.revision) throw new StoreUnavailable(`${stream} has no revision ${event.revision} yet`);
      return () => {
        const task = events.reduce((before, one) => evolve(before, upcast(one)), from);
        kept.set(stream, { task, position: event.position });
        return task;
      };
    },
  };
}
