/** Whether a write-ahead log whose head is wrong holds anything that the file has not: what SQLite will not take is then lost. */
import { equalPairs, type Frame, framesOf, readFull, type Sum, withFile } from './wal-frames.ts';

/**
 * True where the file has every page of the log's transactions already. Then nothing is lost where SQLite takes none of them, as where a crash tore
 * the head while it was written: a log is begun again from its head only after all of it was folded into the file.
 */
export function isFolded(log: number, file: string): boolean {
  let folded = true;
  withFile(file, (pages) => {
    const size = pageSizeOf(pages);
    const there = openPages(pages, size);
    for (const frame of ofOneLog(framesOf(log, size))) there.take(frame);
    folded = there.differing() === 0;
  });
  return folded;
}

/** Compares pages of a file with frames of a log: the last frame of each page counts, as far as its transaction was ended. */
function openPages(file: number, size: number) {
  const page = new Uint8Array(size);
  const differs = ({ page: number, content }: Frame) => readFull(file, page, (number - 1) * size) < size || Buffer.compare(page, content) !== 0;
  const differing = new Set<number>();
  let transaction = new Map<number, boolean>();

  function end(): void {
    for (const [number, different] of transaction) {
      if (different) differing.add(number);
      else differing.delete(number);
    }
    transaction = new Map();
  }

  return {
    take: (frame: Frame): void => {
      transaction.set(frame.page, differs(frame));
      if (frame.commits) end();
    },
    /** The number of pages that differ. */
    differing: () => differing.size,
  };
}

/** The frames that carry the salts of the first one with any: those behind them are of older logs. */
function* ofOneLog(frames: Generator<Frame>): Generator<Frame> {
  let salts: Sum | undefined;
  for (const frame of frames) {
    if (!salts && equalPairs(frame.salts, [0, 0])) continue;
    salts ??= frame.salts;
    if (!equalPairs(frame.salts, salts)) return;
    yield frame;
  }
}

/** The size of a page by the head of an SQLite file; SQLite's default where the file has none. */
function pageSizeOf(file: number): number {
  const head = new Uint8Array(18);
  const size = readFull(file, head, 0) < head.length ? 0 : new DataView(head.buffer).getUint16(16);
  if (size === 1) return 65_536;
  return size >= 512 && (size & (size - 1)) === 0 ? size : 4_096;
}
