/** GET /api/tasks/:id/history: the events of a task, also of a deleted one. */
import { z } from 'zod';
import { upcast } from '../../contracts/catalog.ts';
import { instant } from '../../contracts/fields.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { badParameter, callerOf, type QueryContext, readAfterOf } from '../reading.ts';
import { noSuchTask } from './get-task.ts';
import { decodeCursor, encodeCursor, listAnswer, listOf } from './page.ts';
import { cursor, limit } from './parameters.ts';
import { mayRead, taskAt } from './task-stream.ts';

const MOST = 1_000;

export const taskHistoryQuery = z.strictObject({ cursor, limit: limit(MOST, MOST) });

/** An event as the history shows it. */
export const historyItem = z.strictObject({
  id: z.guid(),
  type: z.string(),
  time: instant,
  actor: z.string().meta({ description: 'A user’s id, or `system`, `policy:…`, `worker:…`.' }),
  data: z.unknown(),
  revision: z.int().nonnegative(),
  position: z.string(),
});

export const taskHistory: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/tasks/:id/history',
    who: 'user',
    summary: 'What happened to a task, oldest first; also of a deleted one.',
    tag: 'tasks',
    query: taskHistoryQuery,
    response: listOf(historyItem),
  },
  answer: handle,
};

async function handle({ store }: QueryContext, request: RouteRequest): Promise<Answer> {
  const caller = callerOf(request);
  const query = request.query as z.output<typeof taskHistoryQuery>;
  const id = request.params.id ?? '';
  const of = `history-${id}`;
  const from = revisionOf(decodeCursor(query.cursor, of, [0])?.values[0] ?? 0);
  await readAfterOf(store, request);
  const position = await store.head();
  const { now } = await taskAt(store, id, () => false);
  if (!now || !mayRead(caller, now)) throw noSuchTask();
  const items: unknown[] = [];
  for await (const page of store.readStream(`task-${id}`, { from, limit: query.limit })) items.push(...page.map(viewOf));
  const seen = from + items.length;
  const next = seen <= now.revision ? encodeCursor({ of, values: [seen], id }) : undefined;
  return listAnswer({ path: `/api/tasks/${id}/history`, parameters: { limit: query.limit }, position, items, next });
}

/** The revision in a cursor. Error: ProblemError `invalid` (400) for a value that no page gave. */
function revisionOf(value: unknown): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw badParameter('cursor', 'must be the `next` of an earlier page of this very list');
}

function viewOf(event: RecordedEvent): z.infer<typeof historyItem> {
  const { id, type, time, data, revision, position, metadata } = upcast(event);
  return { id, type, time, actor: metadata.actor, data, revision, position };
}
