/**
 * The hold on a file or folder itself, whatever becomes of the files beside it: a name in the kernel made of device and inode, that one process has
 * and that goes with it. (Node has no flock. Linux's abstract sockets are such names; where there are none, nobody is refused, and locks by files
 * must do.)
 */
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';

/** Holds what is at the path until `release`; null where another process, or this one, holds it already. Error: that of a path where nothing is. */
export function holdInode(path: string): { release(): void } | null {
  if (process.platform !== 'linux') return { release: () => {} };
  const { dev, ino } = statSync(path, { bigint: true });
  const name = `taskledger-${dev}-${ino}`;
  const server = createServer((socket) => socket.destroy());
  server.on('error', () => {});
  server.listen(`\0${name}`).unref();
  if (!server.listening && isTaken(name)) return null;
  return { release: () => void server.close() };
}

/** True where somebody has the name; false where it could not be had for another reason. */
function isTaken(name: string): boolean {
  try {
    return new RegExp(` @${name}@*$`, 'm').test(readFileSync('/proc/net/unix', 'utf8'));
  } catch {
    return false;
  }
}
