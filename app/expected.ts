/** Errors that are no fault of ours. */
import { StoreDamaged, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { UserError } from '../platform/user-error.ts';

/** True where the message alone says what to do, and a stack would say nothing to who reads it. */
export function isExpected(error: unknown): error is Error {
  return [UserError, StoreDamaged, StoreUnavailable].some((kind) => error instanceof kind);
}
