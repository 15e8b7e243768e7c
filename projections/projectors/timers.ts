/** Read model `timers`: deadlines of tasks of which something is still to be told. It is what the scheduler looks at when a time has come. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { Status, TaskEvent } from '../../contracts/task.ts';
import type { TimerEvent, TimerKind } from '../../contracts/timer.ts';
import { beginning, existing, type Folded, projector } from '../projector.ts';

/** A task as the scheduler needs it. */
export type TimerDocument = {
  deadline: string | null;
  status: Status;
  deleted: boolean;
  /** What has fired, the latest last, as `overdue 2027-01-31T16:00:00.000Z`. */
  fired: string[];
  /** The deadline of which that has not been told, in a task that is to be worked on; null: none. */
  dueSoonOf: string | null;
  overdueOf: string | null;
};

/** Fired timers kept: a deadline that was changed and changed back fires no second time. (One that is not kept is refused by its stream.) */
const MOST_FIRED = 20;

type State = Pick<TimerDocument, 'deadline' | 'status' | 'deleted' | 'fired'>;

function evolve(document: Folded<TimerDocument>, recorded: RecordedEvent): TimerDocument {
  const event = recorded as RecordedEvent & (TaskEvent | TimerEvent);
  if (event.type === 'TaskCreated') {
    beginning(document, recorded);
    return waiting({ deadline: event.data.deadline ?? null, status: 'open', deleted: false, fired: [] });
  }
  return waiting(changed(existing(document, recorded), event));
}

function changed({ deadline, status, deleted, fired }: TimerDocument, event: TaskEvent | TimerEvent): State {
  const state = { deadline, status, deleted, fired };
  switch (event.type) {
    case 'TaskEdited':
      return event.data.deadline === undefined ? state : { ...state, deadline: event.data.deadline };
    case 'TaskStatusChanged':
      return { ...state, status: event.data.to };
    case 'TaskDeleted':
      return { ...state, deleted: true };
    case 'TaskRestored':
      return { ...state, deleted: false };
    case 'TimerFired':
      return { ...state, fired: [...fired, nameOf(event.data.kind, event.data.time)].slice(-MOST_FIRED) };
    default:
      return state;
  }
}

const nameOf = (kind: TimerKind, time: string) => `${kind} ${time}`;

function waiting(state: State): TimerDocument {
  const { deadline, status, deleted, fired } = state;
  const counts = deadline !== null && !deleted && (status === 'open' || status === 'in-progress');
  const unless = (kind: TimerKind) => (counts && !fired.includes(nameOf(kind, deadline)) ? deadline : null);
  return { ...state, dueSoonOf: unless('due_soon'), overdueOf: unless('overdue') };
}

/** A timer belongs to the task that it is of. */
function key({ type, data, stream }: RecordedEvent): string {
  return idOf(type === 'TimerFired' ? (data as TimerEvent['data']).subject : stream);
}

export const timers = projector<TimerDocument>({
  model: { name: 'timers', version: 1, fields: { dueSoonOf: 'text', overdueOf: 'text' }, indexes: [['dueSoonOf'], ['overdueOf']] },
  events: ['TaskCreated', 'TaskEdited', 'TaskStatusChanged', 'TaskDeleted', 'TaskRestored', 'TimerFired'],
  key,
  evolve,
});
