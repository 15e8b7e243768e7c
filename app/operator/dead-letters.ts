/** `npm start -- dead-letters …`: lists, shows, retries and discards dead letters. */

import { DEAD_LETTER_QUEUES, type DeadLetterQueue, type DeadLetterSummary, type DeadLetterView } from '../../contracts/dead-letter.ts';
import { UserError } from '../../platform/user-error.ts';
import type { RetryAllAnswer } from '../../read-side/retry-dead-letters.ts';
import { misused } from '../command-options.ts';
import type { Config } from '../config.ts';
import { asOperator } from './as-operator.ts';
import type { Ask } from './lock-or-ask.ts';
import { isUnread, print } from './print.ts';

/** Carries out a command. Errors: ConfigError for arguments that are none; `UserError` where it is refused. */
export async function deadLetters(config: Config, args: string[]): Promise<void> {
  const work = workOf(args);
  if (typeof work === 'string') throw misused('dead-letters', work);
  await asOperator(config, work);
}

type Work = (ask: Ask) => Promise<void>;

type Option = '--all' | '--unknown';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The commands, with their options. `work` returns null for wrong arguments. */
const COMMANDS: Readonly<Record<string, { options: Option[]; work(args: string[], options: ReadonlySet<Option>): Work | null }>> = {
  list: { options: [], work: ([queue, ...more]) => (more.length === 0 ? onQueues(queue, list) : null) },
  show: { options: [], work: ([id, ...more]) => (id && more.length === 0 ? (ask) => show(ask, id) : null) },
  retry: { options: ['--all', '--unknown'], work: retrying },
  discard: { options: [], work: ([id, ...more]) => (id && more.length === 0 ? (ask) => discard(ask, id) : null) },
};

/** The work that words ask for; or what is wrong with them. */
function workOf([name = '', ...rest]: string[]): Work | string {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) return name ? `there is no dead-letters ${name}` : 'one of these is missing behind it';
  const options = new Set(rest.filter((arg) => arg.startsWith('--')) as Option[]);
  const other = [...options].find((option) => !command.options.includes(option));
  if (other) return `dead-letters ${name} takes no ${other}`;
  const words = rest.filter((arg) => !arg.startsWith('--'));
  return command.work(words, options) ?? `dead-letters ${name} takes other words than ${rest.join(' ') || 'none'}`;
}

function retrying([first, second, ...more]: string[], options: ReadonlySet<Option>): Work | null {
  const unknown = options.has('--unknown');
  if (options.has('--all')) return second === undefined ? onQueues(first, (ask, queue) => retryAll(ask, queue, unknown)) : null;
  return first && more.length === 0 && !unknown ? (ask) => retry(ask, first, second) : null;
}

/** The work on the named queue, or on all. */
function onQueues(name: string | undefined, each: (ask: Ask, queue: DeadLetterQueue) => Promise<void>): Work | null {
  const queues = DEAD_LETTER_QUEUES.filter((queue) => name === undefined || name === queue);
  if (queues.length === 0) return null;
  return async (ask) => {
    for (const queue of queues) await each(ask, queue);
  };
}

const times = (count: number, one: string) => `${count} ${one}${count === 1 ? '' : 's'}`;

async function list(ask: Ask, queue: DeadLetterQueue): Promise<void> {
  let count = 0;
  for await (const letters of pagesOf(ask, queue)) {
    if (count === 0) print(`${queue}:`);
    for (const letter of letters) print(`  ${lineOf(letter)}`);
    count += letters.length;
    if (isUnread()) return;
  }
  print(count === 0 ? `${queue}: none` : `  ${count} in all`);
}

function lineOf({ id, status, since, attempts, kind, reason }: DeadLetterSummary): string {
  return [id, status, since, times(attempts, 'attempt'), kind, reason ?? 'no error: an attempt did not tell how it went'].join('  ');
}

/** The dead letters of a queue, in pages that are not empty. */
async function* pagesOf(ask: Ask, queue: DeadLetterQueue): AsyncGenerator<DeadLetterSummary[]> {
  let cursor: string | undefined = '';
  while (cursor !== undefined) {
    const after: string = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    const page = await ask<{ items: DeadLetterSummary[]; next?: string }>('GET', `/api/admin/dead-letters?queue=${queue}&limit=100${after}`);
    if (page.items.length > 0) yield page.items;
    cursor = page.next;
  }
}

/** The letter with an id. Error: `UserError` for what is no id. */
async function letterOf(ask: Ask, id: string): Promise<DeadLetterView> {
  if (!UUID.test(id)) throw new UserError(`${id} is no id of a dead letter. dead-letters list shows those that there are.`);
  return ask('GET', `/api/admin/dead-letters/${id}`);
}

async function show(ask: Ask, id: string): Promise<void> {
  const letter = await letterOf(ask, id);
  const { queue, status, since, kind, about, attempts, recipient, reason, history } = letter;
  print(`${letter.id}: ${kind} to ${recipient}, in ${queue}${about.endsWith(letter.id) ? '' : `, about ${about}`}`);
  print(`${status} since ${since} after ${times(attempts, 'attempt')}${reason ? `: ${reason}` : ''}`);
  for (const { time, status: then, attempt, worker, error, detail } of history) {
    const what = [attempt && `attempt ${attempt}`, worker && `by ${worker}`, error, detail].filter(Boolean).join(', ');
    print(`  ${time}  ${then.padEnd(10)}  ${what}`.trimEnd());
  }
}

async function retry(ask: Ask, id: string, recipient: string | undefined): Promise<void> {
  const { queue } = await letterOf(ask, id);
  if (queue === 'orders' && recipient !== undefined)
    throw new UserError('The address of an order cannot be corrected. Cancel it and have it placed anew.');
  if (queue === 'orders') await ask('POST', `/api/admin/orders/${id}/retry`);
  else await ask('POST', `/api/admin/dead-letters/${id}/retry`, recipient === undefined ? {} : { recipient });
  print(`${id} is tried again${recipient === undefined ? '' : `, to ${recipient}`}.`);
}

async function retryAll(ask: Ask, queue: DeadLetterQueue, unknown: boolean): Promise<void> {
  let all = { retried: 0, skipped: 0 };
  let next: string | undefined;
  do {
    const answer = await ask<RetryAllAnswer>('POST', '/api/admin/dead-letters/retry', { queue, unknown, ...(next ? { cursor: next } : {}) });
    all = { retried: all.retried + answer.retried, skipped: all.skipped + answer.skipped };
    next = answer.next;
  } while (next);
  print(`${queue}: ${all.retried} tried again${all.skipped > 0 ? `, ${all.skipped} left alone: something else had become of them` : ''}`);
  if (unknown) return;
  const { items } = await ask<{ items: DeadLetterSummary[] }>('GET', `/api/admin/dead-letters?queue=${queue}&status=unknown&limit=1`);
  if (items.length > 0)
    print('  Those that are unknown were left alone, as they may have been sent: look at them, then retry one by its id, or all with --unknown.');
}

async function discard(ask: Ask, id: string): Promise<void> {
  const { queue } = await letterOf(ask, id);
  if (queue === 'orders') throw new UserError('An order is not discarded but cancelled: its maker does so, or an admin.');
  await ask('POST', `/api/admin/dead-letters/${id}/discard`);
  print(`${id} is given up.`);
}
