/** GET /api/tasks/:id/history: the events of a task, also of a deleted one. */
import { z } from 'zod';
import { upcast } from '../../contracts/catalog.ts';
import { instant } from '../../contracts/fields.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { badParameter, callerOf, type QueryContext, readAfterOf } from '../reading.ts';
import { type CutTask, cutTask } from './cut-task.ts';
import { noSuchTask } from './get-task.ts';
import { decodeCursor, encodeCursor, listAnswer, listOf } from './page.ts';
import { cursor, limit } from './parameters.ts';
import { mayRead, taskAt } from './task-stream.ts';

const MOST = 1_000;
/** Characters after which a page ends: one of long texts has fewer events than were asked for, so that nobody has megabytes made for a small question. */
const MOST_CHARACTERS = 1_000_000;
/** Events that are read at once. */
const AT_ONCE = 50;

export const taskHistoryQuery = z.strictObject({ cursor, limit: limit(MOST, MOST) });

const begins = z.int().positive().optional().meta({
  description: 'The revision at which the history begins, where an operator of the event store truncated what was before it.',
});

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
    response: listOf(historyItem).extend({ begins }),
  },
  answer: handle,
};

async function handle(context: QueryContext, request: RouteRequest): Promise<Answer> {
  const { store } = context;
  const query = request.query as z.output<typeof taskHistoryQuery>;
  const id = request.params.id ?? '';
  const of = `history-${id}`;
  const from = revisionOf(decodeCursor(query.cursor, of, [0])?.values[0] ?? 0);
  await readAfterOf(store, request);
  const position = await store.head();
  const { begins, last } = await extentOf(context, id, request);
  const items = await itemsFrom(store, id, { from, limit: query.limit });
  // A revision may be missing: its event was truncated, or is somebody else's.
  const seen = (items.at(-1)?.revision ?? last) + 1;
  const next = seen <= last ? encodeCursor({ of, values: [seen], id }) : undefined;
  const answer = listAnswer({ path: `/api/tasks/${id}/history`, parameters: { limit: query.limit }, position, items, next });
  return begins === 0 ? answer : { ...answer, body: { ...(answer.body as object), begins } };
}

type Item = z.infer<typeof historyItem>;

/** The events of a page: as many as are wanted, there, and not too long together; one at least. */
async function itemsFrom(store: Pick<EventStore, 'readStream'>, id: string, { from, limit: wanted }: { from: number; limit: number }) {
  const items: Item[] = [];
  let characters = 0;
  for await (const item of viewsFrom(store, `task-${id}`, { from, atOnce: Math.min(AT_ONCE, wanted) })) {
    items.push(item);
    characters += JSON.stringify(item.data).length;
    if (items.length === wanted || characters >= MOST_CHARACTERS) break;
  }
  return items;
}

/** All events of a stream from a revision on, some at once, so that nobody waits for more than are wanted. */
async function* viewsFrom(store: Pick<EventStore, 'readStream'>, stream: string, { from, atOnce }: { from: number; atOnce: number }) {
  for (let at = from, isOver = false; !isOver; ) {
    const events: RecordedEvent[] = [];
    for await (const page of store.readStream(stream, { from: at, limit: atOnce })) events.push(...page);
    yield* events.map(viewOf);
    at = (events.at(-1)?.revision ?? at) + 1;
    isOver = events.length < atOnce;
  }
}

/** The revisions of the task's first and last event that are left. Error: ProblemError `not_found`. */
async function extentOf(context: QueryContext, id: string, request: RouteRequest): Promise<CutTask> {
  const caller = callerOf(request);
  const { now } = await taskAt(context.store, id, () => false);
  if (now && mayRead(caller, now)) return { begins: 0, last: now.revision };
  const cut = now ? null : await cutTask(context, id, { caller, request });
  if (!cut) throw noSuchTask();
  return cut;
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
