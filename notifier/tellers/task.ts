import { known } from '../../contracts/catalog.ts';
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { ToldOfTask } from '../../contracts/notifications/task.ts';
import { mayReadTask, type TaskEvent } from '../../contracts/task.ts';
import type { TaskState } from '../../write-side/deciders/task.ts';
import { Withdrawn } from '../withdrawn.ts';
import { type Reader, type Teller, type TellerContext, type Telling, whole } from './teller.ts';

/** Looks up the facts of a task that is not deleted, and that the reader may read (where the recipient is no user, there is nobody to ask for). */
export const tellOfTask: Teller<ToldOfTask> = async ({ about, reader }, context) => {
  const task = await whole<TaskState>(about.stream, context);
  if (!task.exists || task.deleted) throw new Withdrawn('the task is not there any more');
  if (reader && !mayReadTask({ id: reader.id, seesAll: context.seesAll(reader.user.role) }, task))
    throw new Withdrawn('the recipient may not read the task any more');
  const { title, description, status, assignee, watchers } = task;
  return {
    id: idOf(about.stream),
    title,
    description,
    status,
    taken: assignee !== null,
    away: reader !== null && watchers.away.includes(reader.id),
    ...shareOf(reader, task),
    ...(await deadlineOf(task, about, context)),
  };
};

function shareOf(reader: Reader | null, { maker, assignee }: TaskState): Pick<ToldOfTask, 'own' | 'assignee'> {
  if (!reader || assignee === reader.id) return { own: false, assignee: 'recipient' };
  return { own: maker === reader.id, assignee: assignee === null ? 'nobody' : 'another' };
}

async function deadlineOf(
  { deadline }: TaskState,
  about: Telling['about'],
  { store, now }: TellerContext,
): Promise<Pick<ToldOfTask, 'sameDeadline' | 'late'>> {
  if (deadline === null) return { sameDeadline: false, late: false };
  return { sameDeadline: (await deadlineAt(about, store)) === deadline, late: deadline <= now().toISOString() };
}

/** The deadline that the task had at the revision that asked for the notification: what the last event before it said of that. */
async function deadlineAt({ stream, revision }: Telling['about'], store: TellerContext['store']): Promise<string | null> {
  for await (const page of store.readStream(stream, { from: revision, direction: 'backwards' })) {
    const said = page.map((event) => deadlineIn(known(event))).find((deadline) => deadline !== undefined);
    if (said !== undefined) return said;
  }
  return null;
}

/** What an event says of the deadline; undefined where it says nothing. */
function deadlineIn(recorded: RecordedEvent): string | null | undefined {
  const event = recorded as RecordedEvent & TaskEvent;
  if (event.type === 'TaskCreated') return event.data.deadline ?? null;
  return event.type === 'TaskEdited' ? event.data.deadline : undefined;
}
