/**
 * A value that moves on, as a checkpoint does, kept on a bookkeeping stream: the stream's last event is the value. Only the newest value is
 * written, and lazily; at the exact revision, so that of two processes that move it one is told to step down.
 */
import { randomUUID } from 'node:crypto';
import { type Metadata, NO_STREAM } from '../../contracts/message.ts';
import { type EventStore, WrongExpectedRevision } from '../event-store/event-store.ts';

export interface CheckpointStream<Value> {
  /** The value last written, undefined when there is none. Forgets a saved value that is not written yet, and an earlier error. */
  load(): Promise<Value | undefined>;
  /** Writes a value at once. Errors: SteppedDown, and those of `append`. */
  write(value: Value): Promise<void>;
  /** Saves a value, which is written within 100 ms unless a newer one comes first. Throws the error of an earlier write. */
  save(value: Value): void;
  /** Writes the saved value now, if there is one. Errors: as `write`, and those of an earlier write. */
  flush(): Promise<void>;
}

export interface CheckpointStreamOptions {
  /** The stream's name, which begins with `_`. */
  stream: string;
  /** The type of the stream's events. */
  type: string;
  /** Called with the error of a lazy write. */
  failed?(error: unknown): void;
}

/** Another process moved the checkpoint: it is the one that follows now. */
export class SteppedDown extends Error {
  override readonly name = 'SteppedDown';
}

/** Milliseconds between two lazy writes. */
const EVERY = 100;
/** Values kept on the stream at least, so that somebody who looks sees how it moved. */
const KEEP = 3;

/** Opens the stream; nothing is read before `load`. */
export function checkpointStream<Value>(store: EventStore, { stream, type, failed = () => {} }: CheckpointStreamOptions): CheckpointStream<Value> {
  let revision = NO_STREAM;
  let unwritten: { value: Value } | undefined;
  let trouble: { error: unknown } | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** The last write: writes run one after the other. */
  let writing: Promise<void> = Promise.resolve();

  async function append(value: Value): Promise<void> {
    try {
      const appended = await store.append(stream, revision, [{ id: randomUUID(), type, data: value, metadata: metadata(stream) }], {
        keep: KEEP,
        seldom: true,
      });
      revision = appended.revision;
    } catch (error) {
      throw error instanceof WrongExpectedRevision ? new SteppedDown(`${stream} was moved by another process`, { cause: error }) : error;
    }
  }

  function inTurn(work: () => Promise<void>): Promise<void> {
    const result = writing.then(work);
    writing = result.catch(() => {});
    return result;
  }

  function check(): void {
    if (trouble) throw trouble.error;
  }

  async function writeUnwritten(): Promise<void> {
    check();
    const next = unwritten;
    unwritten = undefined;
    if (!next) return;
    try {
      await append(next.value);
    } catch (error) {
      trouble = { error };
      throw error;
    }
  }

  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      inTurn(writeUnwritten).catch(failed);
    }, EVERY);
    timer.unref();
  }

  function forget(): void {
    clearTimeout(timer);
    timer = undefined;
    unwritten = undefined;
  }

  return {
    load: async () => {
      forget();
      await writing;
      trouble = undefined;
      for await (const [last] of store.readStream(stream, { direction: 'backwards', limit: 1 })) {
        if (!last) continue;
        revision = last.revision;
        return last.data as Value;
      }
      revision = NO_STREAM;
      return undefined;
    },
    write: (value) => {
      forget();
      return inTurn(() => append(value));
    },
    save: (value) => {
      check();
      unwritten = { value };
      later();
    },
    flush: () => {
      clearTimeout(timer);
      timer = undefined;
      return inTurn(writeUnwritten);
    },
  };
}

/** The metadata of a bookkeeping event, which no command caused. */
export function metadata(stream: string): Metadata {
  const id = randomUUID();
  return { $correlationId: id, $causationId: id, commandId: id, actor: `system:${stream}`, schema: 1, topics: [] };
}
