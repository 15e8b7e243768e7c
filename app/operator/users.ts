/** `npm start -- users …`: accounts, from the command line, so that a locked-out admin is never stuck. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ROLES } from '../../contracts/role.ts';
import type { UserView } from '../../contracts/user.ts';
import type { AccountOrder, AccountOrderDone } from '../../gateway/identity/operator-accounts.ts';
import { UserError } from '../../platform/user-error.ts';
import { commandWords, misused } from '../command-options.ts';
import type { Config } from '../config.ts';
import { asOperator } from './as-operator.ts';
import { exportPerson } from './export-person.ts';
import type { Ask } from './lock-or-ask.ts';
import { complain, isUnread, print } from './print.ts';

/** Carries out a command. Errors: ConfigError for arguments that are none; `UserError` where it is refused. */
export async function users(config: Config, args: string[]): Promise<void> {
  if (args[0] === 'export') return exporting(config, args.slice(1));
  const asks = args.includes('--password');
  const [name = '', ...words] = args.filter((arg) => arg !== '--password');
  const work = workOf(name, words, asks);
  if (typeof work === 'string') throw misused('users', work);
  const password = asks ? await passwordTyped() : undefined;
  await asOperator(config, (ask) => work(ask, password));
}

/** The work that words ask for; or what is wrong with them. */
function workOf(name: string, words: string[], asks: boolean): Work | string {
  const make = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!make) return name ? `there is no users ${name}` : `one of ${[...Object.keys(COMMANDS), 'export'].join(', ')} is missing behind it`;
  if (asks && !TAKE_PASSWORD.includes(name)) return `users ${name} takes no --password`;
  return make(words) ?? wrongRole(name, words) ?? `users ${name} takes other words than ${words.join(' ') || 'none'}`;
}

const TAKE_PASSWORD = ['create', 'reset-password'];
const TAKE_ROLE = ['create', 'role'];

function wrongRole(name: string, [, role]: string[]): string | null {
  return TAKE_ROLE.includes(name) && role !== undefined && !isRole(role) ? `there is no role ${role}` : null;
}

async function exporting(config: Config, args: string[]): Promise<void> {
  const { values, words } = commandWords('users', args);
  const [who, ...more] = words;
  const out = typeof values.out === 'string' ? values.out : undefined;
  const force = values.force === true;
  if (!who || more.length > 0 || values.password || (force && out === undefined))
    throw misused('users', 'users export takes one user, by id or address, --out with a file, and with that --force');
  await asOperator(config, (ask, open) => exportPerson({ who, out, force }, ask, open));
}

type Work = (ask: Ask, password: string | undefined) => Promise<void>;

/** The commands. Null for wrong arguments. */
const COMMANDS: Readonly<Record<string, (words: string[]) => Work | null>> = {
  list: (words) => (ask) => list(ask, words.join(' ')),
  create: ([email, role, ...name]) =>
    email && isRole(role) ? (ask, password) => order(ask, { order: 'create', email, role, name: name.join(' ') || email, password }) : null,
  role: ([email, role, ...more]) => (email && isRole(role) && more.length === 0 ? (ask) => giveRole(ask, email, role) : null),
  'reset-password': ([email, ...more]) =>
    email && more.length === 0 ? (ask, password) => order(ask, { order: 'reset-password', email, password }) : null,
  'end-sessions': ([email, ...more]) => (email && more.length === 0 ? (ask) => order(ask, { order: 'end-sessions', email }) : null),
  confirm: ([email, ...more]) => (email && more.length === 0 ? (ask) => order(ask, { order: 'confirm', email }) : null),
  'second-factor': ([email, ...more]) => (email && more.length === 0 ? (ask) => order(ask, { order: 'second-factor', email }) : null),
};

function isRole(text: string | undefined): text is (typeof ROLES)[number] {
  return (ROLES as readonly (string | undefined)[]).includes(text);
}

async function list(ask: Ask, words: string): Promise<void> {
  let cursor: string | undefined;
  let found = 0;
  do {
    const query = new URLSearchParams({ limit: '100', ...(words && { q: words }), ...(cursor && { cursor }) });
    const page: { items: UserView[]; next?: string } = await ask('GET', `/api/admin/users?${query}`);
    for (const user of page.items) print(lineOf(user));
    found += page.items.length;
    cursor = page.next;
  } while (cursor && !isUnread());
  if (found === 0) complain('Nobody found.');
}

function lineOf({ id, email = '', role, confirmed, name }: UserView): string {
  return [id, email.padEnd(30), role.padEnd(16), confirmed ? 'confirmed  ' : 'unconfirmed', name].join('  ');
}

/**
 * Gives a role. Of an admin it is taken only where another one stays: of those whom the directory knows the first of whom whoever decides, who looks at
 * each anew, says so.
 */
export async function giveRole(ask: Ask, email: string, role: (typeof ROLES)[number]): Promise<void> {
  const { id } = await ask<AccountOrderDone>('POST', '/api/admin/accounts', { order: 'find', email });
  const { items } = await ask<{ items: UserView[] }>('GET', '/api/admin/users?role=admin&limit=100');
  const besides = items.filter((user) => user.id !== id && user.confirmed).map((user) => ({ beside: user.id }));
  let refused: unknown;
  for (const beside of besides.length > 0 ? besides : [{}]) {
    try {
      await order(ask, { order: 'role', email, role, ...beside });
      return;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused = error;
    }
  }
  throw refused;
}

async function order(ask: Ask, wanted: AccountOrder): Promise<void> {
  const { password, ended } = await ask<AccountOrderDone>('POST', '/api/admin/accounts', wanted);
  print(`${wanted.email}: ${SAID[wanted.order](wanted)}${ended === undefined ? '' : `, ${ended} session${ended === 1 ? '' : 's'} ended`}`);
  if (password !== undefined) print(`The password is ${password} (shown only now)`);
}

/** What was done, in words. */
const SAID: Readonly<Record<AccountOrder['order'], (wanted: AccountOrder) => string>> = {
  create: (wanted) => `created${'role' in wanted ? ` with the role ${wanted.role}` : ''}, confirmed`,
  role: (wanted) => `has the role ${'role' in wanted ? wanted.role : ''}`,
  'reset-password': () => 'has another password',
  'end-sessions': () => 'is logged out',
  confirm: () => 'is confirmed',
  'second-factor': () => 'has no second factor',
  find: () => 'is there',
};

/** The first line of standard input; at a terminal it is asked for, and not shown. */
async function passwordTyped(): Promise<string> {
  const terminal = process.stdin.isTTY === true;
  if (terminal) process.stderr.write('Password: ');
  const unseen = new Writable({ write: (_chunk, _encoding, next) => next() });
  const lines = createInterface({ input: process.stdin, output: unseen, terminal });
  for await (const line of lines) {
    lines.close();
    if (terminal) complain('');
    return line;
  }
  throw new UserError('No password came on standard input.');
}
