/** Appends: bounded, and each answered with what is certain. */
import { randomUUID } from 'node:crypto';
import { isUuid } from '../../../contracts/fields.ts';
import { isForwardable, type NewEvent, NO_STREAM, type RecordedEvent, START } from '../../../contracts/message.ts';
import { checkAppend } from '../check-append.ts';
import {
  type Appended,
  type AppendOptions,
  AppendUnknown,
  StoreOverloaded,
  StoreUnavailable,
  StreamGone,
  WrongExpectedRevision,
} from '../event-store.ts';
import { openBatchAppend } from './batch-append.ts';
import type { BatchAnswer, EncodedEvent, Request } from './batch-messages.ts';
import { type CallSource, readStream } from './calls.ts';
import { messageOf } from './failures.ts';
import { encodeEvent, fromClient, toPosition } from './records.ts';

export interface Appends {
  append(stream: string, expected: number, events: readonly NewEvent[], options: AppendOptions): Promise<Appended>;
  /** Resolves once every append under way is answered. */
  settled(): Promise<void>;
  /** Ends the call on the server. */
  close(): void;
}

/** The bounds of appends in flight: beyond them an append is refused. */
const IN_FLIGHT = { appends: 4_000, bytes: 32 * 1024 * 1024 };
/** Revisions between two trimmings of a stream that is trimmed seldom. */
const TRIMMED_EVERY = 100;

export function openAppends(source: CallSource): Appends {
  const batch = openBatchAppend(source);
  const running = new Set<Promise<unknown>>();
  let bytes = 0;

  async function append(stream: string, expected: number, events: readonly NewEvent[], options: AppendOptions): Promise<Appended> {
    source.connection();
    checkAppend(stream, events, options);
    if (!events.every(({ id }) => isUuid(id))) throw new RangeError('an event id is a UUID, in lower case');
    const request = { stream, expected, events: events.map((event, index) => encodeEvent(event, options.times?.[index])) };
    return inFlight(request, () => record(request, options));
  }

  async function inFlight<T>(request: Request, work: () => Promise<T>): Promise<T> {
    const size = sizeOf(request);
    if (running.size >= IN_FLIGHT.appends || (bytes > 0 && bytes + size > IN_FLIGHT.bytes))
      throw new StoreOverloaded('Too many appends are in flight.');
    bytes += size;
    const result = work();
    const end = () => {
      running.delete(result);
      bytes -= size;
    };
    running.add(result);
    result.then(end, end);
    return result;
  }

  async function record(request: Request & { expected: number }, options: AppendOptions): Promise<Appended> {
    const { stream, expected, events } = request;
    const { revision, position } = await recorded(request);
    // A stream that was deleted softly begins again at a later revision: what was before it stays hidden.
    const goesOn = revision === expected + events.length;
    if (goesOn) await trim(stream, { revision, expected }, options);
    if (!isForwardable(stream)) return { revision, position: START };
    return position !== undefined && goesOn ? { revision, position: toPosition(position) } : proved(stream, expected, events);
  }

  async function recorded(request: Request & { expected: number }) {
    const answer = await batch.send(request);
    if ('actual' in answer) throw new WrongExpectedRevision(request.stream, request.expected, answer.actual ?? (await lastRevision(request.stream)));
    if ('revision' in answer) return answer;
    if ('gone' in answer) throw new StreamGone(request.stream, 'tombstone');
    throw errorOf(answer);
  }

  async function trim(stream: string, { revision, expected }: { revision: number; expected: number }, options: AppendOptions): Promise<void> {
    const { keep, seldom } = options;
    if (keep === undefined || revision < keep) return;
    const isDue = !seldom || Math.floor(revision / TRIMMED_EVERY) > Math.floor(expected / TRIMMED_EVERY);
    if (isDue) await hide(stream, revision - keep + 1);
  }

  /**
   * Hides a stream's events before a revision. (Not by `$maxCount`: that would go on to hide events when later appends keep more.)
   * Where this fails, the events are seen a while longer, which harms nobody.
   */
  async function hide(stream: string, before: number): Promise<void> {
    const data = Buffer.from(JSON.stringify({ $tb: before }));
    const events = [{ id: randomUUID(), type: '$metadata', data, metadata: new Uint8Array() }];
    await batch.send({ stream: `$$${stream}`, expected: 'any', events }).catch(() => {});
  }

  /**
   * Reads back an append whose answer left open what was recorded: the same ids must be where the append was to put them.
   * Errors: WrongExpectedRevision, AppendUnknown.
   */
  async function proved(stream: string, expected: number, events: readonly EncodedEvent[]): Promise<Appended> {
    const there = await readBack(stream, expected, events.length);
    const last = there.at(-1);
    const same = there.length === events.length && there.every(({ id }, index) => id === events[index]?.id);
    if (!same || !last) throw new WrongExpectedRevision(stream, expected, await lastRevision(stream));
    return { revision: last.revision, position: last.position };
  }

  async function readBack(stream: string, expected: number, count: number) {
    try {
      const there: RecordedEvent[] = [];
      for await (const page of readStream(source, stream, { from: expected + 1, limit: count })) there.push(...page.map(fromClient));
      return there;
    } catch (error) {
      throw new AppendUnknown(`The event store recorded it, but did not say where: ${messageOf(error)}`, { cause: error });
    }
  }

  async function lastRevision(stream: string): Promise<number> {
    for await (const [last] of readStream(source, stream, { direction: 'backwards', limit: 1 })) return Number(last?.revision);
    return NO_STREAM;
  }

  return {
    append,
    settled: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
    close: batch.close,
  };
}

function sizeOf({ events }: Request): number {
  return events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);
}

function errorOf(answer: Exclude<BatchAnswer, { revision: number } | { actual: unknown } | { gone: true }>): Error {
  if ('invalid' in answer) return new RangeError(`the event store does not take such an append: ${answer.invalid}`);
  if ('unknown' in answer) return new AppendUnknown(`The event store did not answer: ${answer.unknown}`);
  return new StoreUnavailable(`The event store: ${'refused' in answer ? answer.refused : answer.unsent}`);
}
