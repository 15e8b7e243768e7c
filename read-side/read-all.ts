/** POST /api/inbox/read-all: marks all items that the caller has seen as read. */
import { z } from 'zod';
import { instant, utc } from '../contracts/fields.ts';
import type { Answer, RouteRequest, RouteWith } from '../platform/http/route.ts';
import { notifications } from '../projections/projectors/notifications.ts';
import { type CommandsContext, commandForEach } from './commands-for-each.ts';
import { unreadOf } from './queries/inbox.ts';
import { callerOf, reading } from './reading.ts';

const readAllBody = z.strictObject({
  before: instant.optional().meta({ description: 'Only what came by then; default: all there is.' }),
});

const readAllAnswer = z.strictObject({
  marked: z.int().nonnegative(),
  more: z.boolean().meta({ description: 'True where there was more than is marked at once: ask again.' }),
});

/** The most items that one request marks. */
const MOST = 500;

export const readAll: RouteWith<CommandsContext> = {
  row: {
    method: 'POST',
    path: '/api/inbox/read-all',
    who: 'user',
    summary: 'Mark all of your inbox as read (500 at a time).',
    tag: 'notifications',
    body: readAllBody,
    response: readAllAnswer,
    example: { before: '2027-01-31T17:00:00Z' },
  },
  answer: markAll,
};

async function markAll(context: CommandsContext, request: RouteRequest): Promise<Answer> {
  const caller = callerOf(request);
  const { before } = request.body as z.output<typeof readAllBody>;
  const find = unreadOf(caller, MOST + 1, before && utc(before));
  const { position, result } = await reading(context, notifications, request, ({ list }) => list(find));
  const ids = result.slice(0, MOST).map(({ id }) => id);
  const wanted = ids.map((id) => ({ type: 'ReadNotification', stream: `notification-${id}`, data: { read: true } }));
  const outcomes = await commandForEach(context, request, wanted);
  const last = [position, ...outcomes.flatMap((outcome) => outcome?.position ?? [])].sort().at(-1) ?? position;
  return { headers: { Position: last }, body: { marked: ids.length, more: result.length > MOST } };
}
