/** A Redis server's account of itself, and its answers that are refusals: waiting will not help. */
import { ServerRefused } from '../reach.ts';

/** The oldest version that we run on: the first with GETEX. */
const OLDEST = [6, 2] as const;

export interface Greeting {
  /** The id of this run of the server: a new one after each of its starts. */
  run: string;
  /** True while the server loads its file and answers nothing else. */
  loading: boolean;
  /** The policy by which the server gives up what it keeps where its memory ends; null for one that gives up nothing by itself. */
  evicts: string | null;
}

/** Reads the answer to INFO. Error: ServerRefused, where the server is too old. */
export function readInfo(server: string, info: string): Greeting {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const version = field('redis_version');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    throw new ServerRefused(`${server} is too old: version ${version || 'unknown'}, and ${OLDEST.join('.')} or later is needed`);
  const [most, policy] = [field('maxmemory'), field('maxmemory_policy')];
  return { run: field('run_id'), loading: field('loading') === '1', evicts: ['', '0'].includes(most) || policy === 'noeviction' ? null : policy };
}

/** Answers that stay what they are until an operator does something. */
const REFUSALS = /^(NOAUTH|WRONGPASS|NOPERM|DENIED)\b|^ERR (AUTH|Client sent AUTH|invalid password|DB index|invalid DB index)/;

/** The refusal that an error stands for; null where the error may pass by itself. */
export function redisRefusalOf(server: string, error: unknown): ServerRefused | null {
  if (error instanceof ServerRefused) return error;
  const { name, message } = error as Error;
  if (name === 'ParserError') return new ServerRefused(`${server} is not Redis: it does not speak its protocol`);
  return isReply(error) && REFUSALS.test(message) ? new ServerRefused(`${server} refuses: ${message.slice(0, 200)}`) : null;
}

/** True for an error that Redis itself answered. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}

/** An error's reason, for people. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as { message?: string; code?: string };
  return message || code || String(error);
}
