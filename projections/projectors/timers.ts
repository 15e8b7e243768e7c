/** Read model `timers`: the tasks' deadlines, with the timers that have fired for each. The scheduler reads the others from it. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { Status, TaskEvent } from '../../contracts/task.ts';
import type { TimerEvent, TimerKind } from '../../contracts/timer.ts';
import { beginning, existing, type Folded, projector } from '../projector.ts';

/** A task as the scheduler needs it. */
export type TimerDocument = {
  deadline: string | null;
  status: Status;
  deleted: boolean;
  /** The timers that have fired, the latest last, as `overdue 2027-01-31T16:00:00.000Z`. */
  fired: string[];
  /** The deadline whose `due_soon` timer has not fired, while the task is open or in progress; null for none. */
  dueSoonOf: string | null;
  /** The same for the timer `overdue`. */
  overdueOf: string | null;
};

/** The most fired timers kept, so that a deadline changed and changed back fires no second time. (Older ones are refused by their stream.) */
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

/** The id of the task: the subject of a timer's event, else the stream's own. */
function key({ type, data, stream }: RecordedEvent): string {
  return idOf(type === 'TimerFired' ? (data as TimerEvent['data']).subject : stream);
}

export const timers = projector<TimerDocument>({
  model: { name: 'timers', version: 1, fields: { dueSoonOf: 'text', overdueOf: 'text' }, indexes: [['dueSoonOf'], ['overdueOf']] },
  events: ['TaskCreated', 'TaskEdited', 'TaskStatusChanged', 'TaskDeleted', 'TaskRestored', 'TimerFired'],
  key,
  evolve,
});
