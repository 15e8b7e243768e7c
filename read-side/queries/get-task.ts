/** GET /api/tasks/:id: the task as it is, or as it was. */
import { z } from 'zod';
import { instant, utc } from '../../contracts/fields.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { type TaskDetail, taskDetailView } from '../../contracts/task.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { type TaskDetailDocument, taskDetail } from '../../projections/projectors/task-detail.ts';
import { badParameter, callerOf, positionProblem, type QueryContext, readAfterOf, reading } from '../reading.ts';
import { cutTask, truncated } from './cut-task.ts';
import { repairOfTask } from './repair-of-task.ts';
import { mayRead, taskAt } from './task-stream.ts';
import { watchersNow } from './watchers-now.ts';

export const getTaskQuery = z.strictObject({
  asOf: z.string('must be given once').optional().meta({ description: 'A Position, or an instant (RFC 3339): the task as it was then.' }),
});

export const getTask: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/tasks/:id',
    who: 'user',
    summary: 'A task with its comments, now or as it was.',
    tag: 'tasks',
    query: getTaskQuery,
    response: taskDetailView,
  },
  answer: (context, request) => {
    const { asOf } = request.query as z.output<typeof getTaskQuery>;
    return asOf === undefined ? present(context, request) : past(context, request, asOf);
  },
};

async function present(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const caller = callerOf(request);
  const id = request.params.id ?? '';
  const { position, result } = await reading(context, taskDetail, request, ({ one }) => one(id));
  const document = visible(caller, result?.document as TaskDetailDocument | null | undefined);
  return answer(id, await seenBy(caller, document, context), position);
}

/** A task as it was, from its stream, so never older than the log. Those may read it whom the task concerns now. */
async function past(context: QueryContext, request: RouteRequest, asOf: string): Promise<Answer> {
  const { store } = context;
  const caller = callerOf(request);
  const id = request.params.id ?? '';
  await readAfterOf(store, request);
  const position = await store.head();
  const { then, now } = await taskAt(store, id, await momentOf(store, asOf));
  const cut = now ? null : await cutTask(context, id, { caller, request });
  if (cut) throw truncated(cut);
  return answer(id, await seenBy(caller, visible(caller, then, now), context), position);
}

async function momentOf(store: EventStore, asOf: string): Promise<(event: Pick<RecordedEvent, 'time' | 'position'>) => boolean> {
  if (instant.safeParse(asOf).success) {
    const time = utc(asOf);
    return (event) => event.time <= time;
  }
  const problem = positionProblem(asOf, await store.head());
  if (problem) throw badParameter('asOf', problem.startsWith('must') ? `${problem}, or an instant like 2027-01-31T17:00:00Z` : problem);
  return (event) => event.position <= asOf;
}

/** The task, where it exists and the caller may read it. Error: ProblemError `not_found`. */
function visible(
  caller: Caller,
  document: TaskDetailDocument | null | undefined,
  concerning: TaskDetailDocument | null | undefined = document,
): TaskDetailDocument {
  if (document && !document.deleted && concerning && mayRead(caller, concerning)) return document;
  throw noSuchTask();
}

/** The one refusal for a task that does not exist, is deleted, or is another's. */
export function noSuchTask(): ProblemError {
  return new ProblemError('not_found', 'There is no such task.');
}

type View = Omit<TaskDetail, 'id'>;

/** The task as the caller sees it. */
async function seenBy(caller: Caller, document: TaskDetailDocument, context: QueryContext): Promise<View> {
  const { deleted: _, asked: __, repair: ofRepair, ...task } = document;
  const watchers = await watchersNow(context, document);
  const repair = ofRepair === undefined ? undefined : await repairOfTask(context, caller, ofRepair);
  return { ...task, watching: watchers.includes(caller.id), watchers: watchers.length, ...(repair ? { repair } : {}) };
}

function answer(id: string, view: View, position: string): Answer {
  return { headers: { ETag: `"${view.revision}"`, Position: position }, body: { id, ...view } };
}
