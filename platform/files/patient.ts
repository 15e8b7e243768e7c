/** A store of files that is not waited for in vain: what takes it too long is given up, and said to be away. */
import { Readable } from 'node:stream';
import { type Files, FilesUnavailable } from './files.ts';

export interface FilesPatience {
  /** Milliseconds for an answer, also for the first byte of an object and for each step of a list. */
  answer: number;
  /** Bytes that a store takes in a millisecond at least: `put` is given as much more time as its bytes need by that. */
  bytesInAMs: number;
  /** Milliseconds without a byte of an object that is being read, while its reader waits for one. */
  silence: number;
}

/** 2 Mbit/s are too slow for people, and good enough for a copy over night. */
export const FILES_PATIENCE: FilesPatience = { answer: 30_000, bytesInAMs: 250, silence: 30_000 };

/**
 * The same store with bounds in time. Error: FilesUnavailable where it takes longer; what was asked of it may happen all the same, later. A stream that
 * breaks off fails with it, too, and lets go of what it had open.
 *
 *     const files = patient(openS3Files(url, credentials));
 */
export function patient(files: Files, patience: FilesPatience = FILES_PATIENCE): Files {
  const { answer, bytesInAMs, silence } = patience;
  const { directGet, directPost } = files;
  return {
    put: (key, from, signal) => within(answer + from.bytes / bytesInAMs, (over) => files.put(key, from, over), signal),
    read: async (key, range, signal) => {
      const opened = (over: AbortSignal) => files.read(key, range, over).then((it) => (over.aborted ? forgotten(it) : it));
      const { stream, bytes } = await within(answer, opened, signal);
      return { stream: unlessSilent(stream, silence), bytes };
    },
    stat: (key) => within(answer, () => files.stat(key)),
    remove: (key) => within(answer, () => files.remove(key)),
    list: (prefix) => eachWithin(answer, files.list(prefix)),
    // As many questions as there are uploads that never ended: each has its own time in the store's client.
    sweep: files.sweep,
    ...(directGet ? { directGet: (key, how) => within(answer, () => directGet(key, how)) } : {}),
    ...(directPost ? { directPost: (key, how) => within(answer, () => directPost(key, how)) } : {}),
    close: files.close,
  };
}

function forgotten<Opened extends { stream: Readable }>(opened: Opened): Opened {
  opened.stream.on('error', () => {}).destroy();
  return opened;
}

/** The outcome of work if it comes in time, and before the signal. Errors: FilesUnavailable, the signal's reason; the work hears of either. */
async function within<T>(most: number, work: (over: AbortSignal) => Promise<T>, given?: AbortSignal): Promise<T> {
  given?.throwIfAborted();
  const late = new AbortController();
  const over = given ? AbortSignal.any([given, late.signal]) : late.signal;
  const { promise, reject } = Promise.withResolvers<never>();
  over.addEventListener('abort', () => reject(over.reason), { once: true });
  const timer = setTimeout(() => late.abort(new FilesUnavailable(`it has not answered within ${Math.round(most)} ms`)), most);
  try {
    return await Promise.race([work(over), promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function* eachWithin<T>(most: number, items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await within(most, () => iterator.next());
      if (done) return;
      yield value;
    }
  } finally {
    // Not waited for: one that does not answer does not end, either.
    iterator.return?.()?.catch(() => {});
  }
}

/** The same bytes. It fails where the source sends none though they are waited for, or breaks off; the source is let go of in every case. */
function unlessSilent(source: Readable, silence: number): Readable {
  let timer: NodeJS.Timeout | undefined;
  const awaited = () => {
    clearTimeout(timer);
    timer = setTimeout(() => out.destroy(new FilesUnavailable(`it has sent nothing for ${silence} ms`)), silence);
  };
  const out = new Readable({
    read: () => {
      awaited();
      source.resume();
    },
    destroy: (error, done) => {
      clearTimeout(timer);
      source.destroy();
      done(error);
    },
  });
  source.pause();
  source.on('data', (bytes) => {
    clearTimeout(timer);
    if (out.push(bytes)) awaited();
    else source.pause();
  });
  source.on('end', () => out.push(null));
  source.on('error', (error) => out.destroy(brokenOff(error)));
  source.on('close', () => source.readableEnded || out.destroy(brokenOff(new Error('it ended too early'))));
  return out;
}

function brokenOff(error: Error): Error {
  return error.name === 'AbortError' ? error : new FilesUnavailable(`it broke off: ${error.message}`, { cause: error });
}
