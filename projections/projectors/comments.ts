/** Read model `comments`: of each comment, the task that it stands on and who wrote it. Its text stays with the task. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import type { TaskEvent } from '../../contracts/task.ts';
import { projector } from '../projector.ts';

/** A comment as it is stored. */
export interface CommentDocument {
  [field: string]: unknown;
  task: string;
  author: string;
}

type Commented = Extract<TaskEvent, { type: 'TaskCommented' }>['data'];

export const comments = projector<CommentDocument>({
  model: { name: 'comments', version: 2, fields: { author: 'text', task: 'text' }, indexes: [['author', 'task']] },
  events: ['TaskCommented'],
  key: ({ data }: RecordedEvent) => (data as Commented).commentId,
  // A comment is said once; where its stream was deleted and begun again, the newest counts.
  evolve: (_document, recorded) => ({ task: idOf(recorded.stream), author: recorded.metadata.actor }),
});
