/** `npm start -- dead-letters …`: what failed for good, listed, shown, tried again or given up. */
import { type Ask, asOperator, userError } from './as-operator.ts';
import { type Config, ConfigError } from './config.ts';
import { DEAD_LETTER_QUEUES, type DeadLetterQueue, type DeadLetterSummary, type DeadLetterView } from './contracts/dead-letter.ts';
import type { RetryAllAnswer } from './read-side/retry-dead-letters.ts';

const USAGE = `usage: npm start -- dead-letters list [queue]             queues: ${DEAD_LETTER_QUEUES.join(', ')}
       npm start -- dead-letters show <id>
       npm start -- dead-letters retry <id> [recipient]   to the right recipient, where the old one was wrong
       npm start -- dead-letters retry --all [queue]
       npm start -- dead-letters discard <id>`;

/** Carries a command out. Errors: ConfigError for one that is none; `UserError` where it is refused. */
export async function deadLetters(config: Config, args: string[]): Promise<void> {
  const work = workOf(args);
  if (!work) throw new ConfigError(USAGE);
  await asOperator(config, work);
}

type Work = (ask: Ask) => Promise<void>;

/** What each command does with up to two arguments; null where they are none of its. */
const COMMANDS: Readonly<Record<string, (first?: string, second?: string) => Work | null>> = {
  list: (queue, more) => (more === undefined ? onQueues(queue, list) : null),
  show: (id, more) => (id && more === undefined ? (ask) => show(ask, id) : null),
  retry: (id, second) => (id === '--all' ? onQueues(second, retryAll) : id ? (ask) => retry(ask, id, second) : null),
  discard: (id, more) => (id && more === undefined ? (ask) => discard(ask, id) : null),
};

function workOf([command = '', first, second, ...more]: string[]): Work | null {
  return more.length === 0 && Object.hasOwn(COMMANDS, command) ? (COMMANDS[command]?.(first, second) ?? null) : null;
}

/** The one queue that is named, or all. */
function onQueues(name: string | undefined, each: (ask: Ask, queue: DeadLetterQueue) => Promise<void>): Work | null {
  const queues = DEAD_LETTER_QUEUES.filter((queue) => name === undefined || name === queue);
  if (queues.length === 0) return null;
  return async (ask) => {
    for (const queue of queues) await each(ask, queue);
  };
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const times = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;

async function list(ask: Ask, queue: DeadLetterQueue): Promise<void> {
  let count = 0;
  for await (const letters of pagesOf(ask, queue)) {
    if (count === 0) print(`${queue}:`);
    for (const letter of letters) print(`  ${lineOf(letter)}`);
    count += letters.length;
  }
  print(count === 0 ? `${queue}: none` : `  ${count} in all`);
}

function lineOf({ id, status, since, attempts, kind, reason }: DeadLetterSummary): string {
  return [id, status, since, times(attempts, 'attempt'), kind, reason ?? 'no error: an attempt did not tell how it went'].join('  ');
}

/** Pages that are not empty. */
async function* pagesOf(ask: Ask, queue: DeadLetterQueue): AsyncGenerator<DeadLetterSummary[]> {
  let cursor: string | undefined = '';
  while (cursor !== undefined) {
    const after: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    const page = await ask<{ items: DeadLetterSummary[]; next?: string }>('GET', `/api/admin/dead-letters?queue=${queue}&limit=100${after}`);
    if (page.items.length > 0) yield page.items;
    cursor = page.next;
  }
}

async function show(ask: Ask, id: string): Promise<void> {
  const letter = await ask<DeadLetterView>('GET', `/api/admin/dead-letters/${encodeURIComponent(id)}`);
  const { queue, status, since, kind, attempts, recipient, reason, history } = letter;
  print(`${letter.id}: ${kind} to ${recipient}, in ${queue}`);
  print(`${status} since ${since} after ${times(attempts, 'attempt')}${reason ? `: ${reason}` : ''}`);
  for (const { time, status: then, attempt, worker, error, detail } of history) {
    const what = [attempt && `attempt ${attempt}`, worker && `by ${worker}`, error, detail].filter(Boolean).join(', ');
    print(`  ${time}  ${then.padEnd(10)}  ${what}`.trimEnd());
  }
}

async function retry(ask: Ask, id: string, recipient: string | undefined): Promise<void> {
  const { queue } = await ask<DeadLetterView>('GET', `/api/admin/dead-letters/${encodeURIComponent(id)}`);
  if (queue === 'orders' && recipient !== undefined)
    throw userError('The address of an order cannot be corrected. Cancel it and have it placed anew.');
  if (queue === 'orders') await ask('POST', `/api/admin/orders/${id}/retry`);
  else await ask('POST', `/api/admin/dead-letters/${encodeURIComponent(id)}/retry`, recipient === undefined ? {} : { recipient });
  print(`${id} is tried again${recipient === undefined ? '' : `, to ${recipient}`}.`);
}

async function retryAll(ask: Ask, queue: DeadLetterQueue): Promise<void> {
  let all = { retried: 0, skipped: 0 };
  let next: string | undefined;
  do {
    const answer = await ask<RetryAllAnswer>('POST', '/api/admin/dead-letters/retry', { queue, ...(next ? { cursor: next } : {}) });
    all = { retried: all.retried + answer.retried, skipped: all.skipped + answer.skipped };
    next = answer.next;
  } while (next);
  print(`${queue}: ${all.retried} tried again${all.skipped > 0 ? `, ${all.skipped} left alone: something else had become of them` : ''}`);
}

async function discard(ask: Ask, id: string): Promise<void> {
  const { queue } = await ask<DeadLetterView>('GET', `/api/admin/dead-letters/${encodeURIComponent(id)}`);
  if (queue === 'orders') throw userError(`An order is not discarded but cancelled, by an admin: POST /api/orders/${id}/cancel`);
  await ask('POST', `/api/admin/dead-letters/${encodeURIComponent(id)}/discard`);
  print(`${id} is given up.`);
}
