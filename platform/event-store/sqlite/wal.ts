/**
 * SQLite reads its write-ahead log up to the first frame that is not in order, and takes the frames after it for remains of older times: one wrong
 * bit silently drops everything committed after it. So the log is looked through before SQLite sees it. A crash can leave the last transaction
 * unfinished, and nothing after it; a wrong frame with another transaction behind it is damage.
 */
import { damaged } from './damage.ts';
import { isFolded } from './wal-folded.ts';
import { equalPairs, type Frame, framesOf, pairAt, readFull, type Sum, sumOf, WAL_HEAD, withFile } from './wal-frames.ts';

/** The head of a log that is as it was written. */
interface Head {
  /** True where its sums read words big-endian. */
  big: boolean;
  pageSize: number;
  salts: Sum;
  sum: Sum;
}

/** Looks through the write-ahead log of an SQLite file. Error: StoreDamaged where it holds transactions that SQLite would not take. */
export function checkWal(file: string): void {
  withFile(`${file}-wal`, (log) => {
    const bytes = new Uint8Array(WAL_HEAD);
    if (readFull(log, bytes, 0) < WAL_HEAD) return;
    const head = headIn(new DataView(bytes.buffer));
    if (head) checkFrames(log, head);
    else if (!isFolded(log, file)) throw damaged('the head of its write-ahead log is not what was written');
  });
}

/** The head in a log's first bytes; null where it is not what was written. */
function headIn(bytes: DataView): Head | null {
  const magic = bytes.getUint32(0);
  const big = (magic & 1) === 1;
  const sum = pairAt(bytes, 24);
  const holds = (magic & ~1) === 0x377f0682 && equalPairs(sumOf(new DataView(bytes.buffer, 0, 24), big), sum);
  return holds ? { big, pageSize: bytes.getUint32(8), salts: pairAt(bytes, 16), sum } : null;
}

/** Error: StoreDamaged where a transaction follows the one that the first wrong frame is of. */
function checkFrames(log: number, head: Head): void {
  const frames = framesOf(log, head.pageSize);
  const holds = inOrder(head);
  const wrong = firstWrong(frames, holds);
  let commits = 0;
  for (const frame of frames) {
    if (!holds(frame)) continue;
    if (commits > 0) throw damaged(`frame ${wrong} of its write-ahead log is not what was written`);
    if (frame.commits) commits++;
  }
}

/** Answers for one frame after another whether it is of this log (its salts) and in order after what the frame before says of itself. */
function inOrder({ big, salts, sum }: Head): (frame: Frame) => boolean {
  let before = sum;
  return (frame) => {
    const right = equalPairs(frame.salts, salts) && equalPairs(frame.sumAfter(before, big), frame.sum);
    before = frame.sum;
    return right;
  };
}

/** The number of the first frame that SQLite will not take. The frames after it are left. */
function firstWrong(frames: Generator<Frame>, holds: (frame: Frame) => boolean): number {
  let number = 1;
  for (let next = frames.next(); !next.done && holds(next.value); next = frames.next()) number++;
  return number;
}
