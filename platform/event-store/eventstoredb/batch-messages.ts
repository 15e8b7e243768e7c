/** Requests and answers of the BatchAppend call. */

import type * as Shared from '@eventstore/db-client/generated/shared_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type * as Status from '@eventstore/db-client/generated/status_pb.js';
import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { NO_STREAM } from '../../../contracts/message.ts';

/** An event as it is sent: its data and metadata are JSON as UTF-8. */
export interface EncodedEvent {
  id: string;
  type: string;
  data: Uint8Array;
  metadata: Uint8Array;
}

export interface Request {
  stream: string;
  expected: number | 'any';
  events: readonly EncodedEvent[];
}

/**
 * The answer to an append, in this order: it is recorded, now or before (an old server may leave the position out); the stream is at another
 * revision; it has a tombstone; it is refused for a reason outside the request; or for one inside it; it may be recorded or not; it was not sent.
 */
export type BatchAnswer =
  | { revision: number; position: bigint | undefined }
  | { actual: number | undefined }
  | { gone: true }
  | { refused: string }
  | { invalid: string }
  | { unknown: string }
  | { unsent: string };

/** Bytes of events in one message at most; a larger append goes as several messages. */
const PART = 3 * 1024 * 1024;

/**
 * The messages of one append, made as they are sent. They have no deadline: it would be a time of day, and a server whose clock is ahead
 * would refuse every append. The server has a limit of its own.
 */
export function* requestsOf(id: string, { stream, expected, events }: Request): Generator<Streams.BatchAppendReq> {
  const correlation = new shared.UUID().setString(id);
  let part = new streams.BatchAppendReq().setCorrelationId(correlation).setOptions(optionsOf(stream, expected));
  let size = 0;
  for (const event of events) {
    const bytes = event.data.length + event.metadata.length;
    if (size > 0 && size + bytes > PART) {
      yield part;
      part = new streams.BatchAppendReq().setCorrelationId(correlation);
      size = 0;
    }
    size += bytes;
    part.addProposedMessages(proposedOf(event));
  }
  yield part.setIsFinal(true);
}

function optionsOf(stream: string, expected: number | 'any'): Streams.BatchAppendReq.Options {
  const options = new streams.BatchAppendReq.Options().setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(stream)));
  if (expected === 'any') return options.setAny(new empty.Empty());
  return expected === NO_STREAM ? options.setNoStream(new empty.Empty()) : options.setStreamPosition(String(expected));
}

function proposedOf({ id, type, data, metadata }: EncodedEvent): Streams.BatchAppendReq.ProposedMessage {
  const message = new streams.BatchAppendReq.ProposedMessage().setId(new shared.UUID().setString(id)).setData(data).setCustomMetadata(metadata);
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return message;
}

/** The id of the request that a response answers. The server gives it back as it came, but for its own timeouts. */
export function correlationOf(response: Streams.BatchAppendResp): string {
  const id = response.getCorrelationId();
  const structured = id?.getStructured();
  if (!structured) return id?.getString() ?? '';
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getMostSignificantBits())), 0);
  bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(structured.getLeastSignificantBits())), 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export function batchAnswerOf(response: Streams.BatchAppendResp): BatchAnswer {
  const error = response.getError();
  if (error) return refusalOf(error);
  const success = response.getSuccess();
  const position = success?.getPosition();
  return { revision: Number(success?.getCurrentRevision()), position: position && BigInt(position.getCommitPosition()) };
}

/** The answer that an error stands for; after an error that is not known here the append may have been recorded. */
function refusalOf(error: Status.Status): BatchAnswer {
  const name = error.getDetails()?.getTypeName() ?? '';
  const read = READERS[name.replace('event_store.client.', '')];
  return read ? read((error.getDetails()?.getValue_asU8() ?? new Uint8Array()) as Uint8Array) : { unknown: error.getMessage() || name };
}

const READERS: Record<string, (details: Uint8Array) => BatchAnswer> = {
  WrongExpectedVersion: (details) => ({ actual: actualOf(shared.WrongExpectedVersion.deserializeBinary(details)) }),
  StreamDeleted: () => ({ gone: true }),
  AccessDenied: () => ({ refused: 'its user may not append' }),
  MaximumAppendSizeExceeded: (details) => ({
    invalid: `at most ${shared.MaximumAppendSizeExceeded.deserializeBinary(details).getMaxappendsize()} bytes (its MaxAppendSize)`,
  }),
  BadRequest: (details) => ({ invalid: shared.BadRequest.deserializeBinary(details).getMessage() }),
};

function actualOf(wrong: Shared.WrongExpectedVersion): number | undefined {
  if (wrong.hasCurrentNoStream()) return NO_STREAM;
  return wrong.hasCurrentStreamRevision() ? Number(BigInt.asIntN(64, BigInt(wrong.getCurrentStreamRevision()))) : undefined;
}
