/** POST /api/admin/dead-letters/retry: all dead letters of a queue are tried again, page by page. A command for each, as if it had been asked for by itself. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type DeadLetterQueue, type DeadLetterSummary, deadLetterQueue } from '../contracts/dead-letter.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { Answer, Caller, Route, RouteRequest } from '../gateway/route.ts';
import type { CommandHandler } from '../write-side/decider.ts';
import { deadLettersOf } from './queries/dead-letters.ts';
import { callerOf, type QueryContext } from './reading.ts';

export interface RetryDeadLettersContext extends QueryContext {
  commands: Pick<CommandHandler, 'handle'>;
}

const MOST = 'must be a whole number from 1 to 5000';
const retryAllBody = z.strictObject({
  queue: deadLetterQueue,
  limit: z.int(MOST).min(1, MOST).max(5_000, MOST).default(1_000).meta({ description: 'At most so many in this request.' }),
  cursor: z.string().max(4_000).optional().meta({ description: 'Where to go on: from the `next` of the request before.' }),
});

const retryAllAnswer = z.strictObject({
  queue: deadLetterQueue,
  retried: z.int().nonnegative().meta({ description: 'Those that are now tried again because of this request.' }),
  skipped: z.int().nonnegative().meta({ description: 'Those of which something else had become meanwhile, as by another operator.' }),
  next: z.string().optional().meta({ description: 'There: ask again with this as `cursor` for the older ones.' }),
});
export type RetryAllAnswer = z.infer<typeof retryAllAnswer>;

const PAGE = 100;
/** Commands under way at once. */
const AT_ONCE = 16;

export function retryDeadLetters(context: RetryDeadLettersContext): Route {
  return {
    method: 'POST',
    path: '/api/admin/dead-letters/retry',
    who: ['admin'],
    summary:
      'Have all dead letters of a queue tried again, newest first. What dies again meanwhile is left alone; asked for twice, each is tried once.',
    tag: 'admin',
    body: retryAllBody,
    response: retryAllAnswer,
    example: { queue: 'email_notifications' },
    handle: (request) => retryAll(context, request),
  };
}

async function retryAll(context: RetryDeadLettersContext, request: RouteRequest): Promise<Answer> {
  const { queue, limit, cursor } = request.body as z.output<typeof retryAllBody>;
  const caller = callerOf(request);
  const answer: RetryAllAnswer = { queue, retried: 0, skipped: 0 };
  let next = cursor;
  for (let left = limit; left > 0; left -= PAGE) {
    const page = await deadLettersOf(context, request, { queue, cursor: next, limit: Math.min(PAGE, left) });
    const retried = await retryEach(context, page.items, { caller, correlationId: request.requestId });
    answer.retried += retried;
    answer.skipped += page.items.length - retried;
    next = page.next;
    if (!next) break;
  }
  return { body: { ...answer, ...(next ? { next } : {}) } };
}

type By = { caller: Caller; correlationId: string };

/** Answers how many are tried again by this. */
async function retryEach(context: RetryDeadLettersContext, letters: readonly DeadLetterSummary[], by: By): Promise<number> {
  let retried = 0;
  for (let from = 0; from < letters.length; from += AT_ONCE) {
    const results = await Promise.all(letters.slice(from, from + AT_ONCE).map((letter) => retryOne(context, letter, by)));
    retried += results.filter(Boolean).length;
  }
  return retried;
}

const COMMANDS: Readonly<Record<DeadLetterQueue, { type: string; category: string; data: object | null }>> = {
  email_notifications: { type: 'RetryNotification', category: 'notification', data: {} },
  sms_notifications: { type: 'RetryNotification', category: 'notification', data: {} },
  orders: { type: 'RetryOrder', category: 'order', data: null },
};

/** At the revision that was listed: what has been tried again since, and perhaps died again, is another death. False for such a one. */
async function retryOne({ commands, now }: RetryDeadLettersContext, { id, queue, revision }: DeadLetterSummary, by: By): Promise<boolean> {
  const { type, category, data } = COMMANDS[queue];
  const { id: actor, role, seesAll } = by.caller;
  const command = {
    ...{ type, stream: `${category}-${id}`, id, data },
    commandId: randomUUID(),
    actor: { id: actor, role, seesAll },
    now: now?.() ?? new Date().toISOString(),
  };
  try {
    return (await commands.handle(command, { correlationId: by.correlationId, ifMatch: [revision] })).changed;
  } catch (error) {
    if (error instanceof ProblemError && ['conflict', 'not_found'].includes(error.code)) return false;
    throw error;
  }
}
