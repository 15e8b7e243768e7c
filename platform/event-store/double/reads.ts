/** The reading half of the Streams service: reads of a stream and of `$all`, and subscriptions to `$all`. */

import type * as Streams from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { status } from '@grpc/grpc-js';
import { CallFailed, streamDeleted } from './call-failed.ts';
import type { DoubleLog, LogRecord } from './log.ts';
import { eventOf, identifier, streamNameOf } from './messages.ts';

/** The log that a read goes over, and its caller. */
export interface DoubleReading {
  log: DoubleLog;
  /** Resolves at the next commit, or when the caller is gone. */
  moved(): Promise<void>;
  gone: AbortSignal;
  /** False where reads of `$all` take no filter, as on old servers. */
  filtersReads: boolean;
  /** Awaited before each stretch of the log that a filtered read goes through. */
  searching(): Promise<void>;
}

/** Records read at a time. */
const BATCH = 32;
/** Records that a filtered subscription goes through between two checkpoints, for each unit of the interval that its caller asks for. */
const SEARCH_WINDOW = 32;

/** The messages that answer a read, made as they are taken. Error: CallFailed. */
export function readOf(request: Streams.ReadReq, reading: DoubleReading): AsyncIterable<Streams.ReadResp> | Iterable<Streams.ReadResp> {
  const options = request.getOptions() ?? new streams.ReadReq.Options();
  if (options.hasSubscription()) return subscription(options, reading);
  if (!options.hasAll()) return stream(options, reading.log);
  return options.hasFilter() ? filtered(options, reading) : all(options, reading.log);
}

const backwards = (options: Streams.ReadReq.Options) => options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;

function stream(options: Streams.ReadReq.Options, log: DoubleLog): Iterable<Streams.ReadResp> {
  const asked = options.getStream() ?? new streams.ReadReq.Options.StreamOptions();
  const name = streamNameOf(asked.getStreamIdentifier());
  const shown = log.shown(name);
  if (shown === 'deleted') throw streamDeleted(name);
  if (!shown) return [new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound().setStreamIdentifier(identifier(name)))];
  const step = backwards(options) ? -1 : 1;
  const given = asked.hasRevision() ? Number(asked.getRevision()) : undefined;
  const first = step > 0 ? Math.max(given ?? 0, shown.first) : Math.min(given ?? shown.last, shown.last);
  return batches(Number(options.getCount()), (count, last) =>
    log.ofStream(name, last ? last.revision + step : first, step, count).filter(({ revision }) => revision >= shown.first),
  );
}

/** A read of `$all`: forwards the record at the position is included, backwards only records before it. */
function all(options: Streams.ReadReq.Options, log: DoubleLog): Iterable<Streams.ReadResp> {
  return batches(Number(options.getCount()), stretches(options, log));
}

/** A filtered read of `$all`: as EventStoreDB's, it goes on after its last record until it finds one more, or the log ends. */
async function* filtered(options: Streams.ReadReq.Options, reading: DoubleReading): AsyncGenerator<Streams.ReadResp> {
  const filter = options.getFilter();
  if (!reading.filtersReads) throw new CallFailed(status.INVALID_ARGUMENT, 'The combination of (All, Forwards, Count, Filter) is invalid.');
  if (!filter?.getMax() && !filter?.hasCount()) throw new CallFailed(status.UNKNOWN, 'Exception was thrown by handler.');
  const wanted = matching(filter);
  let left = Number(options.getCount());
  for await (const record of searched(stretches(options, reading.log), reading)) {
    if (!wanted(record)) continue;
    if (left-- === 0) return;
    yield eventOf(record);
  }
}

async function* searched(read: ReturnType<typeof stretches>, { searching }: DoubleReading): AsyncGenerator<LogRecord> {
  for (let records = read(BATCH, undefined); records.length > 0; records = read(BATCH, records.at(-1))) {
    await searching();
    yield* records;
  }
}

/** Makes the function that reads on in `$all`, behind the last record that was read. */
function stretches(options: Streams.ReadReq.Options, log: DoubleLog): (count: number, last: LogRecord | undefined) => LogRecord[] {
  const asked = options.getAll();
  const given = asked?.hasPosition() ? Number(asked.getPosition()?.getCommitPosition()) : undefined;
  const back = backwards(options);
  const edge = asked?.hasStart() ? 0 : log.end();
  const from = given === undefined ? edge : valid(log, given, !back);
  return (count, last) => (back ? log.backwards(last?.position ?? from, count) : log.forwards(last ? last.position + 1 : from, count));
}

/** Answers with up to `limit` records, read as they are taken. */
function* batches(limit: number, read: (count: number, last: LogRecord | undefined) => LogRecord[]): Generator<Streams.ReadResp> {
  let last: LogRecord | undefined;
  for (let left = limit; left > 0; ) {
    const records = read(Math.min(BATCH, left), last);
    if (records.length === 0) return;
    yield* records.map(eventOf);
    left -= records.length;
    last = records.at(-1);
  }
}

/** A position, if a read may begin there: where a record begins, and forwards also beyond the log's end. Error: CallFailed. */
function valid(log: DoubleLog, position: number, mayBeBeyond: boolean): number {
  if (log.isBoundary(position) || (mayBeBeyond && position > log.end())) return position;
  throw new CallFailed(status.UNKNOWN, 'Unexpected ReadAllResult: InvalidPosition');
}

async function* subscription(options: Streams.ReadReq.Options, { log, moved, gone }: DoubleReading): AsyncGenerator<Streams.ReadResp> {
  const wanted = matching(options.getFilter());
  const checkpoints = checkpointing(SEARCH_WINDOW * (options.getFilter()?.getCheckpointintervalmultiplier() || 1));
  let next = firstOf(options.getAll(), log);
  yield new streams.ReadResp().setConfirmation(new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('double'));
  let caughtUp = false;
  while (!gone.aborted) {
    const moving = moved();
    const records = log.forwards(next, BATCH);
    yield* records.filter(wanted).map(eventOf);
    yield* checkpoints(records);
    next = (records.at(-1)?.position ?? next - 1) + 1;
    if (records.length > 0) continue;
    if (!caughtUp) yield new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());
    caughtUp = true;
    await moving;
  }
}

/** Makes a function that answers a checkpoint after each `window` records that were gone through. */
function checkpointing(window: number): (records: LogRecord[]) => Streams.ReadResp[] {
  let searched = 0;
  return (records) => {
    searched += records.length;
    const last = records.at(-1);
    if (!last || searched < window) return [];
    searched %= window;
    const place = new streams.ReadResp.Checkpoint().setCommitPosition(String(last.position)).setPreparePosition(String(last.position));
    return [new streams.ReadResp().setCheckpoint(place)];
  };
}

/** The position of the first record of a subscription, which begins after the position asked for. */
function firstOf(asked: Streams.ReadReq.Options.AllOptions | undefined, log: DoubleLog): number {
  if (asked?.hasEnd()) return log.end();
  return asked?.hasPosition() ? valid(log, Number(asked.getPosition()?.getCommitPosition()), true) + 1 : 0;
}

function matching(filter: Streams.ReadReq.Options.FilterOptions | undefined): (record: LogRecord) => boolean {
  const byStream = filter?.getStreamIdentifier();
  const expression = byStream ?? filter?.getEventType();
  if (!expression) return () => true;
  const pattern = expression.getRegex() ? new RegExp(expression.getRegex(), 'u') : undefined;
  const prefixes = expression.getPrefixList();
  const fits = (name: string) => (pattern ? pattern.test(name) : prefixes.some((prefix) => name.startsWith(prefix)));
  return byStream ? ({ stream }) => fits(stream) : ({ type }) => fits(type);
}
