/** POST /api/admin/dead-letters/retry: retries dead letters, page by page. */
import { z } from 'zod';
import { type DeadLetterQueue, type DeadLetterSummary, deadLetterQueue } from '../contracts/dead-letter.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { Answer, RouteRequest, RouteWith } from '../platform/http/route.ts';
import { type CommandsContext, commandForEach, type WantedCommand } from './commands-for-each.ts';
import { deadLettersOf } from './queries/dead-letters.ts';

const MOST = 'must be a whole number from 1 to 5000';
const retryAllBody = z.strictObject({
  queue: deadLetterQueue.optional().meta({ description: 'Those of one queue; default: of all.' }),
  unknown: z
    .boolean()
    .default(false)
    .meta({ description: 'Also those of which nobody knows whether they had their effect: they may then have it twice.' }),
  limit: z.int(MOST).min(1, MOST).max(5_000, MOST).default(1_000).meta({ description: 'At most so many in this request.' }),
  cursor: z.string().max(4_000).optional().meta({ description: 'Where to go on: from the `next` of the request before.' }),
});

const retryAllAnswer = z.strictObject({
  retried: z.int().nonnegative().meta({ description: 'Those that are now tried again because of this request.' }),
  skipped: z.int().nonnegative().meta({ description: 'Those of which something else had become meanwhile, as by another operator.' }),
  next: z.string().optional().meta({ description: 'There: ask again with this as `cursor` for the older ones.' }),
});
export type RetryAllAnswer = z.infer<typeof retryAllAnswer>;

const PAGE = 100;

export const retryDeadLetters: RouteWith<CommandsContext> = {
  row: {
    method: 'POST',
    path: '/api/admin/dead-letters/retry',
    audit: 'operation',
    who: ['admin'],
    summary:
      'Have all dead letters, or those of a queue, tried again, newest first. What dies again meanwhile is left alone; asked for twice, each is tried once.',
    tag: 'admin',
    body: retryAllBody,
    response: retryAllAnswer,
    example: { queue: 'email_notifications' },
  },
  answer: retryAll,
};

async function retryAll(context: CommandsContext, request: RouteRequest): Promise<Answer> {
  const { queue, unknown, limit, cursor } = request.body as z.output<typeof retryAllBody>;
  const status = unknown ? undefined : 'failed';
  const answer: RetryAllAnswer = { retried: 0, skipped: 0 };
  let next = cursor;
  for (let left = limit; left > 0; left -= PAGE) {
    const page = await deadLettersOf(context, request, { queue, status, cursor: next, limit: Math.min(PAGE, left) });
    const outcomes = await commandForEach(context, request, page.items.map(retrying), skipped);
    const retried = outcomes.filter((outcome) => outcome?.changed).length;
    answer.retried += retried;
    answer.skipped += page.items.length - retried;
    next = page.next;
    if (!next) break;
  }
  return { body: { ...answer, ...(next ? { next } : {}) } };
}

const NOTIFICATION = { type: 'RetryNotification', category: 'notification', data: {} };
const COMMANDS: Readonly<Record<DeadLetterQueue, { type: string; category: string; data: object | null }>> = {
  email_notifications: NOTIFICATION,
  sms_notifications: NOTIFICATION,
  orders: { type: 'RetryOrder', category: 'order', data: null },
};

/** The retry of a dead letter, at the revision that was listed: one that was retried since, and perhaps failed again, is left alone. */
function retrying({ id, queue, revision }: DeadLetterSummary): WantedCommand {
  const { type, category, data } = COMMANDS[queue];
  return { type, stream: `${category}-${id}`, data, revision };
}

function skipped(error: unknown): null {
  if (error instanceof ProblemError && ['conflict', 'not_found'].includes(error.code)) return null;
  throw error;
}
