/** Who reads an SQLite file for long: SQLite marks a transaction by a lock on the file's `-shm`, and Linux lists the locks of all processes. */
import { readFileSync, statSync } from 'node:fs';

/** The bytes of `-shm` that readers lock (sqlite.org/walformat.html, 2.3.2). */
const READ_LOCKS = { from: 123, to: 127 };
const LOCK = /^\d+: POSIX +ADVISORY +READ +(\d+) [^ ]+:(\d+) (\d+) (\d+)$/gm;

/** The ids of the processes with a transaction open on a file; none where the system does not tell. */
export function readersOf(file: string): number[] {
  try {
    const { ino } = statSync(`${file}-shm`);
    const locks = [...readFileSync('/proc/locks', 'utf8').matchAll(LOCK)].map((match) => match.slice(1).map(Number));
    const ours = locks.filter(([, inode, from = 0, to = 0]) => inode === ino && from >= READ_LOCKS.from && to <= READ_LOCKS.to);
    return [...new Set(ours.map(([pid = 0]) => pid))];
  } catch {
    return [];
  }
}
