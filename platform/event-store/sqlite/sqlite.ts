/** The embedded event store: one SQLite file, written by a thread of its own, read on the caller's. */
import { closeSync, openSync } from 'node:fs';
import { isForwardable, type NewEvent, type RecordedEvent, START } from '../../../contracts/message.ts';
import { holdInode } from '../../inode-hold.ts';
import { checkAppend } from '../check-append.ts';
import { type Appended, type AppendOptions, type EventStore, type StoreDamaged, StoreUnavailable, WrongExpectedRevision } from '../event-store.ts';
import { guarded } from './damage.ts';
import { openGroupCommit } from './group-commit.ts';
import { type LogReader, openLogReader } from './log-reader.ts';
import { toPosition } from './rows.ts';
import { subscribe } from './subscribe.ts';
import { verify } from './verify.ts';
import type { WireEvent } from './wire.ts';

export interface SqliteOptions {
  /** Path of the file; `<file>-witness` lies beside it. */
  file: string;
  log: { error(data: object, message: string): void; info?(data: object, message: string): void };
  /**
   * Called once when nothing more can be recorded until the store is opened anew, because an fsync failed or the writer's thread ended: a process does
   * well to end, so that a supervisor starts it again. Appends are answered AppendUnknown or StoreUnavailable.
   */
  ended?(error: Error): void;
}

/** Opens the store, which one process has alone. Errors: StoreDamaged; StoreUnavailable, also where another process has it. */
export async function openSqliteEventStore(options: SqliteOptions): Promise<EventStore> {
  const hold = holdFile(options.file);
  try {
    const store = await openHeld(options);
    return { ...store, close: () => store.close().finally(hold.release) };
  } catch (error) {
    hold.release();
    throw error;
  }
}

/** Holds the file, which is made where it is missing: also against a process that was given the same file by another name, or in another folder. */
function holdFile(file: string): { release(): void } {
  const hold = guarded(() => {
    closeSync(openSync(file, 'a', 0o600));
    return holdInode(file);
  });
  if (hold) return hold;
  throw new StoreUnavailable(`The event store ${file} is held by another process of taskledger. Stop that one, or name another file.`);
}

async function openHeld({ file, log, ended }: SqliteOptions): Promise<EventStore> {
  let closed = false;
  let damage: StoreDamaged | undefined;
  const commits = turnstile();
  const foundDamage = (found: StoreDamaged) => {
    if (damage || closed) return;
    damage = found;
    log.error({ err: found }, 'the event store is damaged; it refuses to work');
    commits.pass();
  };
  const warn = (message: string) => log.error({ file }, message);
  const writer = await openGroupCommit({
    file,
    committed: commits.pass,
    damaged: foundDamage,
    ended: (error) => {
      log.error({ file, err: error }, 'nothing more can be recorded until this is started again');
      ended?.(error);
    },
    said: ({ level, data, message }) => log[level]?.(data, message),
  });
  const { reader, verifying } = await openReading(file, { found: foundDamage, warn, closeWriter: writer.close });

  const readerOrNull = (): LogReader | null => {
    if (damage) throw damage;
    return closed ? null : reader;
  };
  const open = (): LogReader => {
    const log = readerOrNull();
    if (!log) throw new StoreUnavailable('The event store is closed.');
    return log;
  };

  async function append(stream: string, expected: number, events: readonly NewEvent[], options: AppendOptions = {}): Promise<Appended> {
    open();
    checkAppend(stream, events, options);
    const { keep = 0, times = [] } = options;
    const result = await writer.append({ stream, expected, events: events.map(toWire), keep, times: times.map(Date.parse) });
    if ('actual' in result) throw new WrongExpectedRevision(stream, expected, result.actual);
    return { revision: result.revision, position: isForwardable(stream) ? toPosition(result.position) : START };
  }

  /** The pages of a read; between them the event loop runs. */
  async function* paged(pages: () => Generator<RecordedEvent[]>): AsyncGenerator<RecordedEvent[]> {
    let first = true;
    for (const page of pages()) {
      if (!first) await new Promise((resolve) => setImmediate(resolve));
      first = false;
      open();
      yield page;
      open();
    }
  }

  async function close(): Promise<void> {
    closed = true;
    commits.pass();
    await verifying.stop();
    await writer.close();
    reader.close();
  }
  let closing: Promise<void> | undefined;

  return {
    append,
    readStream: (stream, options = {}) => paged(() => open().stream(isForwardable(stream) ? 'events' : 'bookkeeping', stream, options)),
    readAll: (options = {}) => paged(() => open().all(options)),
    subscribe: (options) => subscribe(options, { reader: readerOrNull, moved: commits.next }),
    head: async () => toPosition(open().head()),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Opens the reading side of a store whose writer is open; where that fails, the writer is closed too. */
async function openReading(
  file: string,
  { found, warn, closeWriter }: { found(damage: StoreDamaged): void; warn(message: string): void; closeWriter(): Promise<void> },
) {
  try {
    return { verifying: verify(file, found, warn), reader: openLogReader(file) };
  } catch (error) {
    await closeWriter();
    throw error;
  }
}

/** A turnstile: many wait at it, and the next event lets all of them pass. */
function turnstile() {
  let waiting = Promise.withResolvers<void>();
  return {
    next: (): Promise<void> => waiting.promise,
    pass: (): void => {
      const { resolve } = waiting;
      waiting = Promise.withResolvers();
      resolve();
    },
  };
}

function toWire({ id, type, data, metadata }: NewEvent): WireEvent {
  return { id, type, data: JSON.stringify(data ?? null), metadata: JSON.stringify(metadata) };
}
