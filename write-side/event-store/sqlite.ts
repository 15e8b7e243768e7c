/** The embedded event store: one SQLite file, written by a thread of its own, read on the caller's. */
import { isForwardable, type NewEvent, START } from '../../contracts/message.ts';
import { type Appended, type AppendOptions, type EventStore, type StoreDamaged, StoreUnavailable, WrongExpectedRevision } from './event-store.ts';
import { openGroupCommit } from './group-commit.ts';
import { type LogReader, openLogReader } from './log-reader.ts';
import type { WireEvent } from './log-writer.ts';
import { toPosition } from './rows.ts';
import { subscribe } from './subscribe.ts';
import { verifyInBackground } from './verify.ts';

export interface SqliteOptions {
  /** The file; `<file>-witness` stands beside it. */
  file: string;
  log: { error(data: object, message: string): void };
}

/** Opens the store. Errors: StoreDamaged, StoreUnavailable. */
export async function openSqliteEventStore({ file, log }: SqliteOptions): Promise<EventStore> {
  let wakes: (() => void)[] = [];
  const wake = () => {
    const woken = wakes;
    wakes = [];
    for (const one of woken) one();
  };
  const writer = await openGroupCommit(file, wake);
  const reader = openLogReader(file);
  let closed = false;
  let damage: StoreDamaged | undefined;
  const verifying = await verifyInBackground(file, reader, (found) => {
    damage = found;
    log.error({ err: found }, 'the event store is damaged; it refuses to work');
    wake();
  });

  const open = (): LogReader => {
    if (damage) throw damage;
    if (closed) throw new StoreUnavailable('the event store is closed');
    return reader;
  };

  async function append(stream: string, expected: number, events: readonly NewEvent[], { keep }: AppendOptions = {}): Promise<Appended> {
    open();
    checkAppend(stream, events, keep);
    const result = await writer.append({ stream, expected, events: events.map(toWire), keep: keep ?? 0 });
    if ('actual' in result) throw new WrongExpectedRevision(stream, expected, result.actual);
    return { revision: result.revision, position: isForwardable(stream) ? toPosition(result.position) : START };
  }

  /** Pages of a generator, the event loop let run between them. */
  async function* paged<T>(pages: () => Generator<T>): AsyncGenerator<T> {
    let first = true;
    for (const page of pages()) {
      if (!first) await new Promise((resolve) => setImmediate(resolve));
      first = false;
      open();
      yield page;
      open();
    }
  }

  return {
    append,
    readStream: (stream, options = {}) => paged(() => open().stream(isForwardable(stream) ? 'events' : 'bookkeeping', stream, options)),
    readAll: (options = {}) => paged(() => open().all(options)),
    subscribe: (options) => subscribe(options, { open, closed: () => closed, moved: () => new Promise((resolve) => wakes.push(resolve)) }),
    head: async () => toPosition(open().head()),
    close: async () => {
      if (closed) return;
      await verifying.stop();
      await writer.close();
      closed = true;
      wake();
      reader.close();
    },
  };
}

function checkAppend(stream: string, events: readonly NewEvent[], keep: number | undefined): void {
  if (events.length === 0) throw new RangeError('an append has at least one event');
  if (keep !== undefined && (isForwardable(stream) || keep < 1)) throw new RangeError('only bookkeeping streams are trimmed, to at least one event');
}

function toWire({ id, type, data, metadata }: NewEvent): WireEvent {
  return { id, type, data: JSON.stringify(data), metadata: JSON.stringify(metadata) };
}
