/** The writing half of the Streams service: what arrives together is committed together. */

import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerDuplexStream, ServerReadableStream, sendUnaryData } from '@grpc/grpc-js';
import { streamDeleted } from './call-failed.ts';
import type { AppendOutcome, DoubleLog, Expected, Proposed } from './log.ts';
import { answer, badRequest, batchAnswer, proposed, streamNameOf, tooLarge } from './messages.ts';

export interface Writing {
  log: DoubleLog;
  /** Called after each commit. */
  committed(): void;
  /** Bytes of one append at most. */
  maxAppendSize: number;
}

interface Waiting {
  stream: string;
  expected: Expected;
  events: Proposed[];
  done(outcome: AppendOutcome): void;
}

type BatchCall = ServerDuplexStream<Streams.BatchAppendReq, Streams.BatchAppendResp>;

export function openDoubleAppends({ log, committed, maxAppendSize }: Writing) {
  let waiting: Waiting[] = [];

  function push(one: Waiting): void {
    waiting.push(one);
    if (waiting.length === 1) setImmediate(flush);
  }

  function flush(): void {
    const group = waiting;
    waiting = [];
    const outcomes: AppendOutcome[] = [];
    log.commit(() => {
      for (const { stream, expected, events } of group) outcomes.push(log.append(stream, expected, events));
    });
    committed();
    for (const [index, { done }] of group.entries()) done(outcomes[index] as AppendOutcome);
  }

  /** Appends of many callers on one call; an append may come in several messages. */
  function batchAppend(call: BatchCall): void {
    const parts = new Map<string, Streams.BatchAppendReq[]>();
    call.on('data', (part: Streams.BatchAppendReq) => {
      const id = part.getCorrelationId()?.getString() ?? '';
      const all = [...(parts.get(id) ?? []), part];
      parts.set(id, all);
      if (!part.getIsFinal()) return;
      parts.delete(id);
      append(all, (result) => call.writable && call.write(result.setCorrelationId(part.getCorrelationId())));
    });
    call.on('error', () => {});
    call.on('end', () => call.end());
  }

  function append(parts: Streams.BatchAppendReq[], reply: (result: Streams.BatchAppendResp) => void): void {
    const options = parts[0]?.getOptions();
    const named = (result: Streams.BatchAppendResp) => reply(result.setStreamIdentifier(options?.getStreamIdentifier()));
    const events = parts.flatMap((part) => part.getProposedMessagesList().map(proposed));
    const problem = problemOf(events);
    if (problem || !options) return void named(new streams.BatchAppendResp().setError(problem ?? badRequest('no options')));
    const stream = streamNameOf(options.getStreamIdentifier());
    push({ stream, expected: expectedOf(options), events, done: (outcome) => named(batchAnswer(stream, outcome)) });
  }

  function problemOf(events: Proposed[]) {
    const size = events.reduce((sum, { data, metadata, type }) => sum + data.length + metadata.length + type.length * 2, 0);
    if (size > maxAppendSize) return tooLarge(maxAppendSize);
    return events.every(({ id }) => /^[0-9a-f-]{36}$/i.test(id)) ? undefined : badRequest('an id is not a UUID');
  }

  /** An append by a call of its own: the client does so where each call has its own credentials. */
  function single(call: ServerReadableStream<Streams.AppendReq, Streams.AppendResp>, reply: sendUnaryData<Streams.AppendResp>): void {
    let options = new streams.AppendReq.Options();
    const events: Proposed[] = [];
    call.on('data', (part: Streams.AppendReq) => {
      options = part.getOptions() ?? options;
      const message = part.getProposedMessage();
      if (message) events.push(proposed(message));
    });
    call.on('error', () => {});
    call.on('end', () => {
      const expected = expectedOf(options);
      const stream = streamNameOf(options.getStreamIdentifier());
      const done = (outcome: AppendOutcome) => (outcome === 'deleted' ? reply(streamDeleted(stream).error()) : reply(null, answer(outcome)));
      push({ stream, expected, events, done });
    });
  }

  return { batchAppend, single };
}

/** The revision that an append, or a deletion, expects. */
export function expectedOf(
  options: Streams.BatchAppendReq.Options | Streams.AppendReq.Options | Streams.DeleteReq.Options | Streams.TombstoneReq.Options,
): Expected {
  if (options.hasAny()) return 'any';
  if (options.hasStreamExists()) return 'stream_exists';
  if (options.hasNoStream()) return -1;
  return Number('getStreamPosition' in options ? options.getStreamPosition() : options.getRevision());
}
