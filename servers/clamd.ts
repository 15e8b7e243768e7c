/** ClamAV's daemon, with one signature of our own: those of the public take minutes to load, and a network. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstAnswer } from './answering.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './programs.ts';
import { folderFor, type Server, type ServerOptions, startServer } from './server.ts';

/** The text that the daemon finds in a file, and the name that it has for it. */
export const INFECTION = { text: 'the text that this scanner must find', name: 'Ours.Test.UNOFFICIAL' } as const;

/** A daemon of the caller's own. Its URL is the MEDIA_SCAN of its port. */
export interface Clamd extends Server {
  /** The MEDIA_SCAN of its socket in the file system. */
  socket: string;
}

const find = () => findProgram('clamd');

/** The reason why it cannot run here; null where it can. */
export function missing(): string | null {
  return find() ? null : 'clamd is not installed (apt-get install clamav-daemon)';
}

/** Starts the daemon. Files above `mostBytes` (default 1,000,000) are more than it takes. */
export async function startClamd({ mostBytes = 1_000_000, ...options }: ServerOptions & { mostBytes?: number } = {}): Promise<Clamd> {
  const program = find();
  if (!program) throw new Error(missing() ?? '');
  const port = options.port ?? (await freePort());
  const place = await folderFor('clamd', options.folder);
  const signatures = join(place.folder, 'signatures');
  await mkdir(signatures, { recursive: true });
  await writeFile(join(signatures, 'ours.ndb'), `Ours.Test:0:*:${Buffer.from(INFECTION.text).toString('hex')}\n`);
  const settings = [
    `LocalSocket ${place.folder}/socket`,
    `TCPSocket ${port}`,
    'TCPAddr 127.0.0.1',
    `DatabaseDirectory ${signatures}`,
    `TemporaryDirectory ${place.folder}`,
    `User ${execFileSync('id', ['-un'], { encoding: 'utf8' }).trim()}`,
    'Foreground yes',
    `StreamMaxLength ${mostBytes}`,
    'ConcurrentDatabaseReload no',
  ];
  await writeFile(join(place.folder, 'clamd.conf'), `${settings.join('\n')}\n`);
  const server = await startServer({
    name: 'clamd',
    url: `clamd://127.0.0.1:${port}`,
    port,
    ...place,
    command: [program, '--config-file', join(place.folder, 'clamd.conf')],
    answers: () => firstAnswer(port, PING),
  });
  return { ...server, socket: `clamd:${place.folder}/socket` };
}

const PING = Buffer.from('zPING\0');
