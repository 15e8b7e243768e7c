/** Translates between the double's records and EventStoreDB's messages, by the client's own generated definitions. */

import type * as Shared from '@eventstore/db-client/generated/shared_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type * as Status from '@eventstore/db-client/generated/status_pb.js';
import status from '@eventstore/db-client/generated/status_pb.js';
import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { LARGEST, TOMBSTONE } from './deletions.ts';
import type { AppendOutcome, LogRecord, Proposed } from './log.ts';

const TICKS_PER_MILLISECOND = 10_000n;

export function identifier(stream: string): Shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(stream));
}

export function streamNameOf(identifier: Shared.StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();
}

export function eventOf(record: LogRecord): Streams.ReadResp {
  const { position, stream, revision, id, type, contentType, created, data, metadata } = record;
  const event = new streams.ReadResp.ReadEvent.RecordedEvent();
  event
    .setId(new shared.UUID().setString(id))
    .setStreamIdentifier(identifier(stream))
    .setStreamRevision(revision === TOMBSTONE ? LARGEST : String(revision));
  event.setCommitPosition(String(position)).setPreparePosition(String(position)).setData(data).setCustomMetadata(metadata);
  const described = { type, 'content-type': contentType, created: String(BigInt(created) * TICKS_PER_MILLISECOND) };
  for (const [key, value] of Object.entries(described)) event.getMetadataMap().set(key, value);
  return new streams.ReadResp().setEvent(new streams.ReadResp.ReadEvent().setEvent(event).setCommitPosition(String(position)));
}

export function proposed(message: Streams.BatchAppendReq.ProposedMessage | Streams.AppendReq.ProposedMessage): Proposed {
  const described = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: described.get('type') ?? '',
    contentType: described.get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

/** The answer to a batch append to a stream. */
export function batchAnswer(stream: string, outcome: AppendOutcome): Streams.BatchAppendResp {
  const answer = new streams.BatchAppendResp();
  if (outcome === 'deleted')
    return answer.setError(problem('StreamDeleted', new shared.StreamDeleted().setStreamIdentifier(identifier(stream)).serializeBinary()));
  if ('current' in outcome) return answer.setError(problem('WrongExpectedVersion', wrongVersion(outcome.current)));
  const success = new streams.BatchAppendResp.Success().setCurrentRevision(String(outcome.revision));
  const place = new shared.AllStreamPosition().setCommitPosition(String(outcome.position)).setPreparePosition(String(outcome.position));
  return answer.setSuccess(outcome.position < 0 ? success.setNoPosition(new empty.Empty()) : success.setPosition(place));
}

/** The answer to a single append, unless the stream has a tombstone. */
export function answer(outcome: Exclude<AppendOutcome, 'deleted'>): Streams.AppendResp {
  if ('current' in outcome) {
    const wrong = new streams.AppendResp.WrongExpectedVersion();
    if (outcome.current < 0) wrong.setCurrentNoStream(new shared.Empty());
    else wrong.setCurrentRevision(String(outcome.current));
    return new streams.AppendResp().setWrongExpectedVersion(wrong);
  }
  const place = new streams.AppendResp.Position().setCommitPosition(String(outcome.position)).setPreparePosition(String(outcome.position));
  return new streams.AppendResp().setSuccess(new streams.AppendResp.Success().setCurrentRevision(String(outcome.revision)).setPosition(place));
}

function wrongVersion(current: number): Uint8Array {
  const wrong = new shared.WrongExpectedVersion();
  return (current < 0 ? wrong.setCurrentNoStream(new empty.Empty()) : wrong.setCurrentStreamRevision(String(current))).serializeBinary();
}

export function tooLarge(most: number): Status.Status {
  return problem('MaximumAppendSizeExceeded', new shared.MaximumAppendSizeExceeded().setMaxappendsize(most).serializeBinary());
}

export function badRequest(message: string): Status.Status {
  return problem('BadRequest', new shared.BadRequest().setMessage(message).serializeBinary());
}

function problem(name: string, details: Uint8Array): Status.Status {
  const packed = new any.Any();
  packed.pack(details, `event_store.client.${name}`);
  return new status.Status().setMessage(name).setDetails(packed);
}
