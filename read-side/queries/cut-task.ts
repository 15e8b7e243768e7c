/** Tasks whose beginning an operator of the event store truncated: their stream alone does not say who may read them, the read model does. */
import { NO_STREAM, type RecordedEvent } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { firstShown, isBeginning } from '../../platform/event-store/beginning.ts';
import { type EventStore, StreamGone } from '../../platform/event-store/event-store.ts';
import type { Caller, RouteRequest } from '../../platform/http/route.ts';
import { type TaskDetailDocument, taskDetail } from '../../projections/projectors/task-detail.ts';
import { type QueryContext, reading } from '../reading.ts';
import { mayRead } from './task-stream.ts';

/** The part of a task's stream that is left. */
export interface CutTask {
  /** The revision of its first event; behind the last one where none is left. */
  begins: number;
  /** The revision of its last event. */
  last: number;
}

/** The task, where its beginning is gone and the caller may read it; null otherwise. Errors: those of the store and of `reading`. */
export async function cutTask(
  context: QueryContext,
  id: string,
  { caller, request }: { caller: Caller; request: RouteRequest },
): Promise<CutTask | null> {
  const stream = `task-${id}`;
  const [first, last] = await ends(context.store, stream);
  if (first === undefined || (first && isBeginning(first))) return null;
  const { result } = await reading(context, taskDetail, request, ({ one }) => one(id));
  const document = result?.document as TaskDetailDocument | null | undefined;
  if (!(document ? mayRead(caller, document) : caller.seesAll)) return null;
  const end = last?.revision ?? document?.revision ?? NO_STREAM;
  return { begins: first?.revision ?? end + 1, last: end };
}

/** The first and the last event of a stream; null for one of which nothing is left, undefined for one that is not there. */
async function ends(store: EventStore, stream: string): Promise<(RecordedEvent | null | undefined)[]> {
  try {
    for await (const [last] of store.readStream(stream, { direction: 'backwards', limit: 1, tellGone: true }))
      return [await firstShown(store, stream), last];
    return [];
  } catch (error) {
    if (!(error instanceof StreamGone)) throw error;
    return error.how === 'hidden' ? [null] : [];
  }
}

/** The refusal of a question about what was truncated. */
export function truncated({ begins }: CutTask): ProblemError {
  return new ProblemError('not_found', `An operator of the event store truncated this task: its events before revision ${begins} are gone.`, {
    status: 410,
  });
}
