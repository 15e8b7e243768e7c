/**
 * The doors of a server: several sockets that listen on one port, among which the kernel shares out who connects. An event loop takes one connection
 * from each listening socket in a round. So a busy process with one such socket takes some dozens of connections a second, and who is not taken
 * waits outside for many seconds, where nobody can refuse them.
 */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Server as Door, type ListenOptions } from 'node:net';

export interface Doors {
  /** Takes no more connections; resolves when the present ones are closed. */
  close(): Promise<void>;
}

export interface DoorsOptions {
  /** The port; 0: any free one. */
  port: number;
  host: string;
  /** The number of listening sockets, where the system can share a port; default 64, or a sixteenth of the files that the process may have open. */
  count?: number;
}

/** Connections that wait at a door, at most, as far as the system lets them (Linux: net.core.somaxconn). */
const WAITING = 4_096;
const MOST = 64;
const FEW_FILES = 256;

/** Has the server listen. Errors: those of `listen`, as EADDRINUSE, also where another process of ours that shares its port has it. */
export async function openDoors(server: Server, { port, host, count = doorsOf(openFilesLimit()) }: DoorsOptions): Promise<Doors> {
  const bare = { host, backlog: WAITING };
  // Whoever shares a port may listen on that of another process of the same user, unasked.
  if (port !== 0) await seeIfFree({ ...bare, port });
  const doors: Door[] = [server];
  if (!(await listenShared(server, { ...bare, port }))) return closing(doors);
  const { port: shared } = server.address() as AddressInfo;
  for (let n = 1; n < count; n++) {
    const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => server.emit('connection', socket));
    await listening(door, { ...bare, port: shared, reusePort: true });
    doors.push(door);
  }
  return closing(doors);
}

/** The number of doors of a process that may have so many files open; each is one, and connections are to have the rest. */
export function doorsOf(files: number): number {
  return Math.min(MOST, Math.max(1, Math.floor(files / 16)));
}

/** The number of files that this process may have open at once, as Linux tells it; elsewhere as few as any system gives. */
export function openFilesLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit ?? FEW_FILES);
  } catch {
    return FEW_FILES;
  }
}

async function seeIfFree(options: ListenOptions): Promise<void> {
  const door = createServer();
  await listening(door, options);
  await closed(door);
}

/** Listens on a port that others may share; alone where this system knows no sharing, which it answers with false. */
async function listenShared(server: Door, options: ListenOptions): Promise<boolean> {
  try {
    await listening(server, { ...options, reusePort: true });
    return true;
  } catch (error) {
    if (!['ENOTSUP', 'EINVAL', 'ENOPROTOOPT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await listening(server, options);
    return false;
  }
}

function listening(door: Door, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    door.once('error', reject);
    door.listen(options, () => {
      door.removeListener('error', reject);
      resolve();
    });
  });
}

const closed = (door: Door) => new Promise<void>((resolve) => door.close(() => resolve()));

function closing(doors: readonly Door[]): Doors {
  return { close: async () => void (await Promise.all(doors.map(closed))) };
}
