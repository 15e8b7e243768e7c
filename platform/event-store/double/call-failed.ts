/** Failures of calls, with the codes, details and trailers that EventStoreDB would give. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Expected } from './log.ts';

export class CallFailed extends Error {
  override readonly name = 'CallFailed';
  readonly code: number;
  readonly trailers: Record<string, string>;
  constructor(code: number, message: string, trailers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.trailers = trailers;
  }

  /** The error that a call is answered with. */
  error(): Partial<ServiceError> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(this.trailers)) metadata.set(key, value);
    return { code: this.code, details: this.message, metadata };
  }
}

/** The failure of a call about a stream that has a tombstone. */
export function streamDeleted(stream: string): CallFailed {
  return new CallFailed(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, { exception: 'stream-deleted', 'stream-name': stream });
}

/** The failure of a deletion that expects another revision than the stream's; -1: there is no such stream. */
export function wrongExpectedVersion(stream: string, expected: Expected, current: number): CallFailed {
  return new CallFailed(status.FAILED_PRECONDITION, `Append failed due to WrongExpectedVersion. Stream: ${stream}`, {
    exception: 'wrong-expected-version',
    'stream-name': stream,
    'expected-version': String(expected),
    'actual-version': String(current),
  });
}
