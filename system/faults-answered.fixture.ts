/** A command that is repeated with its key until it is answered. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply, User } from './client.fixture.ts';

/** Milliseconds before a command is sent again. */
const AGAIN = 100;
/** A server that is away comes back within this. */
export const ANSWER_PATIENCE = 90_000;

export interface Asked {
  body?: object;
  /** Default: a new one. */
  key?: string;
  /** A status of 400 and more that is an answer, too. */
  refusal?: number;
}

/** No connection and 5xx do not say what became of it: it is sent again. `times`: how often it was sent. */
export async function untilAnswered(
  by: User,
  what: string,
  { body, key = crypto.randomUUID(), refusal }: Asked,
): Promise<{ reply: Reply; times: number }> {
  const deadline = Date.now() + ANSWER_PATIENCE;
  for (let times = 1; ; times++) {
    const reply = await by.call(what, body, { 'idempotency-key': key }).catch(noConnection);
    if (reply.status < 300 || reply.status === refusal) return { reply, times };
    if (reply.status < 500 || Date.now() > deadline) throw new Error(`${what} was answered ${reply.status} ${reply.text}`);
    await delay(AGAIN);
  }
}

/** What fetch says then; anything else is a failure. */
function noConnection(error: unknown): Reply {
  if (!(error instanceof TypeError)) throw error;
  return { status: 599, headers: new Headers(), text: String(error.cause), body: undefined };
}
