/** The deleting half of the Streams service: what operators do. */

import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerUnaryCall, ServiceError, sendUnaryData } from '@grpc/grpc-js';
import { expectedOf, type Writing } from './appends.ts';
import { streamDeleted, wrongExpectedVersion } from './call-failed.ts';
import type { AppendOutcome } from './log.ts';
import { streamNameOf } from './messages.ts';

export function openDoubleDeletes({ log, committed }: Pick<Writing, 'log' | 'committed'>) {
  /** Deletes the stream that a request names; answers the position of what that recorded. */
  function remove(
    options: Streams.DeleteReq.Options | Streams.TombstoneReq.Options | undefined,
    how: 'softly' | 'for good',
  ): { position: string } | { error: Partial<ServiceError> } {
    const stream = streamNameOf(options?.getStreamIdentifier());
    const expected = options ? expectedOf(options) : 'any';
    const outcomes: AppendOutcome[] = [];
    log.commit(() => void outcomes.push(log.remove(stream, expected, how)));
    committed();
    const [outcome = 'deleted'] = outcomes;
    if (outcome === 'deleted') return { error: streamDeleted(stream).error() };
    if ('current' in outcome) return { error: wrongExpectedVersion(stream, expected, outcome.current).error() };
    return { position: String(outcome.position) };
  }

  function softly(call: ServerUnaryCall<Streams.DeleteReq, Streams.DeleteResp>, reply: sendUnaryData<Streams.DeleteResp>): void {
    const done = remove(call.request.getOptions(), 'softly');
    if ('error' in done) {
      reply(done.error);
      return;
    }
    const place = new streams.DeleteResp.Position().setCommitPosition(done.position).setPreparePosition(done.position);
    reply(null, new streams.DeleteResp().setPosition(place));
  }

  function forGood(call: ServerUnaryCall<Streams.TombstoneReq, Streams.TombstoneResp>, reply: sendUnaryData<Streams.TombstoneResp>): void {
    const done = remove(call.request.getOptions(), 'for good');
    if ('error' in done) {
      reply(done.error);
      return;
    }
    const place = new streams.TombstoneResp.Position().setCommitPosition(done.position).setPreparePosition(done.position);
    reply(null, new streams.TombstoneResp().setPosition(place));
  }

  return { softly, forGood };
}
