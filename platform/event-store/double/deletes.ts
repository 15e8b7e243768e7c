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

  /** Makes the answer to a request of one kind, of the position of what was recorded. */
  function answering<Request extends { getOptions(): Parameters<typeof remove>[0] }, Response>(
    how: 'softly' | 'for good',
    answerAt: (position: string) => Response,
  ) {
    return ({ request }: ServerUnaryCall<Request, Response>, reply: sendUnaryData<Response>): void => {
      const done = remove(request.getOptions(), how);
      if ('error' in done) reply(done.error);
      else reply(null, answerAt(done.position));
    };
  }

  const { DeleteResp, TombstoneResp } = streams;
  return {
    softly: answering<Streams.DeleteReq, Streams.DeleteResp>('softly', (at) =>
      new DeleteResp().setPosition(new DeleteResp.Position().setCommitPosition(at).setPreparePosition(at)),
    ),
    forGood: answering<Streams.TombstoneReq, Streams.TombstoneResp>('for good', (at) =>
      new TombstoneResp().setPosition(new TombstoneResp.Position().setCommitPosition(at).setPreparePosition(at)),
    ),
  };
}
