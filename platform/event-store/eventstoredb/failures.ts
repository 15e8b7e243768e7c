/** The meaning of the client's errors, and their translation into the port's. */
import { ErrorType, isCommandError } from '@eventstore/db-client';
import { StoreUnavailable, type StreamGone, StreamRefused } from '../event-store.ts';

export function isType(error: unknown, ...types: ErrorType[]): boolean {
  return error instanceof Error && isCommandError(error) && types.includes(error.type);
}

/** True for the error of a stream that is not there, or was deleted. */
export function isNoStream(error: unknown): boolean {
  return isType(error, ErrorType.STREAM_NOT_FOUND, ErrorType.NO_STREAM, ErrorType.STREAM_DELETED);
}

/** How an operator took a stream away whose read, from a revision or without one, ended with the error of `isNoStream`; undefined: it may never have been. */
export function goneBy(error: unknown, from: number | undefined): StreamGone['how'] | undefined {
  if (isType(error, ErrorType.STREAM_DELETED)) return 'tombstone';
  return from !== undefined && from > 0 ? 'missing' : undefined;
}

/** gRPC's codes for a position where no record begins: the server has no name for that error. */
const [UNKNOWN, INVALID_ARGUMENT] = [2, 3];

export function isInvalidPosition(error: unknown): boolean {
  return error instanceof Error && [UNKNOWN, INVALID_ARGUMENT].includes((error as { code?: number }).code ?? -1);
}

const UNIMPLEMENTED = 12;

/** The errors of a server that does not filter a read: they look as that of a position where no record begins, or as a call that is not there. */
export function isRefusedFilter(error: unknown): boolean {
  return isInvalidPosition(error) || (error as { code?: number }).code === UNIMPLEMENTED;
}

export function unavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error;
  if (isType(error, ErrorType.ACCESS_DENIED)) return new StreamRefused('The event store: its user may not do that', { cause: error });
  const why = messageOf(error);
  return new StoreUnavailable(`The event store: ${why}`, { cause: error });
}

export function messageOf(error: unknown): string {
  return (error instanceof Error && error.message) || (isCommandError(error as Error) && (error as { type?: string }).type) || String(error);
}
