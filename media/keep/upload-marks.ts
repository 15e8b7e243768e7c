/**
 * The mark of uploads: each file that is received is followed by a mark at the end of the log, so that a log put back from a backup of before it, or
 * started as a copy, does not hold the mark and removes nothing. Marks of others stay: where two logs receive files into one store, neither removes any.
 *
 *     const marked = openUploadMarks({ store, files, atHand });
 *     marked();
 */
import { orAborted } from '../../platform/concurrency/abortable.ts';
import { addMark, type MarksContext } from './marks.ts';

export interface UploadMarksContext extends MarksContext {
  atHand: { run<T>(work: (ending: AbortSignal) => Promise<T>): Promise<T> };
}

/** Opens it. Uploads that come while a mark is written have the next one together. What cannot be written is written with the next upload, or sweep. */
export function openUploadMarks({ store, files, atHand }: UploadMarksContext): () => void {
  let mine: string | undefined;
  let isWanted = false;
  let isWriting = false;

  async function write(): Promise<void> {
    try {
      while (isWanted) {
        isWanted = false;
        const key = await addMark({ store, files });
        const before = mine;
        mine = key;
        if (before !== undefined && before !== key) await files.remove(before);
      }
    } finally {
      isWriting = false;
    }
  }

  return () => {
    isWanted = true;
    if (isWriting) return;
    isWriting = true;
    atHand.run((ending) => orAborted(write(), ending)).catch(() => {});
  };
}
