/** POST /api/inbox/read-all: what one has seen, all at once. A command for each, as if it had been read by itself. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { instant, utc } from '../contracts/fields.ts';
import type { Answer, Caller, Route, RouteRequest } from '../gateway/route.ts';
import { notifications } from '../projections/projectors/notifications.ts';
import type { CommandHandler } from '../write-side/decider.ts';
import { unreadOf } from './queries/inbox.ts';
import { callerOf, type QueryContext, reading } from './reading.ts';

export interface ReadAllContext extends QueryContext {
  commands: Pick<CommandHandler, 'handle'>;
}

const readAllBody = z.strictObject({
  before: instant.optional().meta({ description: 'Only what came by then; default: all there is.' }),
});

const readAllAnswer = z.strictObject({
  marked: z.int().nonnegative(),
  more: z.boolean().meta({ description: 'True where there was more than is marked at once: ask again.' }),
});

/** Marked by one request at most, and at once. */
const MOST = 500;
const AT_ONCE = 16;

export function readAll(context: ReadAllContext): Route {
  return {
    method: 'POST',
    path: '/api/inbox/read-all',
    who: 'user',
    summary: 'Mark all of your inbox as read (500 at a time).',
    tag: 'notifications',
    body: readAllBody,
    response: readAllAnswer,
    example: { before: '2027-01-31T17:00:00Z' },
    handle: (request) => markAll(context, request),
  };
}

async function markAll(context: ReadAllContext, request: RouteRequest): Promise<Answer> {
  const caller = callerOf(request);
  const { before } = request.body as z.output<typeof readAllBody>;
  const find = unreadOf(caller, MOST + 1, before && utc(before));
  const { position, result } = await reading(context, notifications, request, ({ list }) => list(find));
  const ids = result.slice(0, MOST).map(({ id }) => id);
  const positions = [position];
  for (let from = 0; from < ids.length; from += AT_ONCE)
    positions.push(...(await Promise.all(ids.slice(from, from + AT_ONCE).map((id) => markOne(context, request, caller, id)))));
  const last = positions.toSorted().at(-1) ?? position;
  return { headers: { Position: last }, body: { marked: ids.length, more: result.length > MOST } };
}

/** Answers where it is recorded. Marking what is marked already changes nothing. */
async function markOne({ commands, now }: ReadAllContext, { requestId }: RouteRequest, caller: Caller, id: string): Promise<string> {
  const { position } = await commands.handle(
    {
      type: 'ReadNotification',
      stream: `notification-${id}`,
      id,
      data: { read: true },
      commandId: randomUUID(),
      actor: { id: caller.id, role: caller.role, seesAll: caller.seesAll },
      now: now?.() ?? new Date().toISOString(),
    },
    { correlationId: requestId },
  );
  return position;
}
