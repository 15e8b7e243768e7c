/** The header by which a client names a command, so that it can send it again. */
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../../contracts/problem.ts';
import type { RouteRequest } from './route.ts';

/** The caller's key, or a new one (not the request's id: callers may give several requests the same). Error: ProblemError `invalid`, 400. */
export function idempotencyKey(request: Pick<RouteRequest, 'header'>): string {
  const key = request.header('idempotency-key');
  if (key === undefined) return randomUUID();
  if (/^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(key)) return key;
  throw badHeader('Idempotency-Key', 'must be 1 to 255 visible ASCII characters, a UUID for example');
}

/** The refusal (400) of a header, with what it must be. */
export function badHeader(pointer: string, detail: string): ProblemError {
  return new ProblemError('invalid', `The header ${pointer} ${detail}.`, { status: 400, errors: [{ pointer, detail }] });
}
