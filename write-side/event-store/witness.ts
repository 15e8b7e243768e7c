/**
 * The witness (invariant 16): a file beside the log, at most a second old, that names the log's end and its checksum. SQLite silently drops
 * what comes after a damaged frame of its write-ahead log; the witness notices that rows are missing.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { StoreDamaged } from './event-store.ts';

export interface End {
  /** 0 where the table is empty. */
  position: number;
  checksum: number;
}
export type Ends = Record<'events' | 'bookkeeping', End>;

export interface Witness {
  /** Tells that the end moved; the file follows within a second. */
  moved(ends: () => Ends): void;
  close(ends: () => Ends): void;
}

/** Milliseconds the file may be behind. */
const AGE = 900;

/**
 * Compares the log with the witness, then keeps the witness.
 * Error: StoreDamaged when the log ends before the place the witness saw, or holds something else there.
 */
export function openWitness(file: string, now: Ends, checksumAt: (table: keyof Ends, position: number) => number | undefined): Witness {
  const path = `${file}-witness`;
  compare(path, now, checksumAt);
  let timer: NodeJS.Timeout | undefined;
  const write = (ends: Ends) => {
    const fd = openSync(`${path}.new`, 'w', 0o600);
    writeSync(fd, JSON.stringify(ends));
    fsyncSync(fd);
    closeSync(fd);
    renameSync(`${path}.new`, path);
  };
  return {
    moved: (ends) => {
      timer ??= setTimeout(() => {
        timer = undefined;
        write(ends());
      }, AGE);
    },
    close: (ends) => {
      clearTimeout(timer);
      write(ends());
    },
  };
}

function compare(path: string, now: Ends, checksumAt: (table: keyof Ends, position: number) => number | undefined): void {
  const seen = read(path);
  if (!seen) return;
  const { events, bookkeeping } = seen;
  const advice = `Put back a backup of the folder; where an older backup was put back on purpose, delete ${path} and start again.`;
  if (now.events.position < events.position) {
    throw new StoreDamaged(`The event store is damaged: it ends at position ${now.events.position}, but had ${events.position}. ${advice}`);
  }
  if (events.position > 0 && checksumAt('events', events.position) !== events.checksum) {
    throw new StoreDamaged(`The event store is damaged: position ${events.position} is not what was written. ${advice}`);
  }
  if (now.bookkeeping.position < bookkeeping.position) {
    throw new StoreDamaged(
      `The event store is damaged: its bookkeeping ends at ${now.bookkeeping.position}, but had ${bookkeeping.position}. ${advice}`,
    );
  }
}

/** Null where there is none yet, or where it is itself unreadable: then it testifies to nothing. */
function read(path: string): Ends | null {
  try {
    const ends = JSON.parse(readFileSync(path, 'utf8')) as Ends;
    return Number.isInteger(ends.events.position) && Number.isInteger(ends.bookkeeping.position) ? ends : null;
  } catch {
    return null;
  }
}
