/** Commands that are repeated with their key until they are answered. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Reply, User } from './client.fixture.ts';

/** Milliseconds before a command is sent again. */
const AGAIN = 100;
/** Milliseconds within which a server that is away comes back. */
export const ANSWER_PATIENCE = 90_000;

export interface Asked {
  body?: object;
  /** The Idempotency-Key; default: a new one. */
  key?: string;
  /** A status of 400 or more that counts as an answer, too. */
  refusal?: number;
}

/** Sends a command again after every lost connection and 5xx, which leave its fate unknown, until it is answered. `times`: how often it was sent. */
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

/** The reply for a fetch without a connection. Any other error is thrown. */
function noConnection(error: unknown): Reply {
  if (!(error instanceof TypeError)) throw error;
  return { status: 599, headers: new Headers(), text: String(error.cause), body: undefined };
}
