import { idOf } from '../../contracts/message.ts';
import type { ToldOfTask } from '../../contracts/notifications/task.ts';
import type { TaskState } from '../../write-side/deciders/task.ts';
import type { Teller } from './teller.ts';

/** Looks up the facts of a task. */
export const tellOfTask: Teller<ToldOfTask> = async ({ about, recipient }, { commands }) => {
  const { userId = '' } = recipient;
  const { title, description, maker, assignee } = (await commands.load<TaskState>(about.stream)).state;
  return { id: idOf(about.stream), title, description, own: maker === userId && assignee !== userId };
};
