/** Waiting for the servers that a start needs: with backoff, saying which one is waited for; a server that refuses is not waited for. */

import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../user-error.ts';

export interface Reaching {
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
  /** The servers that are waited for now, as `the event store at db.example.org:2113`; /readyz names them. */
  waits?: Set<string> | undefined;
}

/**
 * The server answers, and waiting will not help: wrong credentials, too old, not such a server. The message is for the operator: one line,
 * without secrets.
 */
export class ServerRefused extends UserError {
  override readonly name = 'ServerRefused';
}

const FIRST = 100;
const LONGEST = 5_000;

/**
 * Connects, again and again, until the server answers. `what` names the server, without credentials.
 * Errors: ServerRefused as `connect` throws it; the signal's reason when it aborts.
 */
export async function reach<T>(what: string, connect: () => Promise<T>, { log, signal, waits }: Reaching): Promise<T> {
  let said = '';
  function missed(error: unknown): void {
    if (error instanceof ServerRefused) throw error;
    waits?.add(what);
    const reason = reasonOf(error);
    if (reason !== said) log.warn({ server: what, reason }, `waiting for ${what}: ${reason}`);
    said = reason;
  }
  function answered(connected: T): T {
    if (said) log.info({ server: what }, `${what} answers`);
    return connected;
  }
  try {
    for (let wait = FIRST; ; wait = Math.min(wait * 2, LONGEST)) {
      signal?.throwIfAborted();
      const answer = await connect().then((connected) => ({ connected }), missed);
      if (answer) return answered(answer.connected);
      await delay(wait, undefined, signal ? { signal } : {});
    }
  } finally {
    waits?.delete(what);
  }
}

/** The innermost message of an error: clients wrap what the socket said, some in an AggregateError without a text. */
function reasonOf(error: unknown): string {
  const { message, code, errors, cause } = error as { message?: string; code?: unknown; errors?: unknown[]; cause?: unknown };
  if (message) return message;
  const inner = errors?.[0] ?? cause;
  return inner ? reasonOf(inner) : String(code ?? error);
}

/** A server's URL for people: scheme, host and port, without credentials, path and options. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)(?:[^@/]*@)?([^/?]*).*$/i, '$1$2');
}
