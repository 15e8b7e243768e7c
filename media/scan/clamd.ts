/** ClamAV’s daemon: a file is sent in pieces over its socket (INSTREAM), so that it may be on another machine, and need not read our files. */
import { createReadStream } from 'node:fs';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type FileScanner, ScannerAway, type ScanVerdict } from './scan.ts';

/** The daemon at this address; it is given up after so many milliseconds in which it says and takes nothing. */
export function clamdScanner(address: NetConnectOpts, patience = 60_000): FileScanner {
  return {
    scan: async (path, signal) => {
      const socket = connect({ ...address, allowHalfOpen: true } as NetConnectOpts);
      const stop = () => socket.destroy(new Error('it is not waited for any longer'));
      signal?.addEventListener('abort', stop, { once: true });
      socket.setTimeout(patience, () => socket.destroy(new Error('it does not answer')));
      try {
        return verdictIn(await asked(socket, path));
      } catch (error) {
        throw error instanceof ScannerAway ? error : new ScannerAway(`clamd cannot be asked: ${(error as Error).message}`, { cause: error });
      } finally {
        signal?.removeEventListener('abort', stop);
        socket.destroy();
      }
    },
  };
}

/** The answer of the daemon, which may come before it has the whole file: it then takes no more of it. */
function asked(socket: Socket, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
      if (answer.endsWith('\0')) resolve(answer.slice(0, -1));
    });
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('it hung up without an answer')));
    pipeline(Readable.from(pieces(path)), socket, { end: false }).catch(reject);
  });
}

async function* pieces(path: string): AsyncGenerator<Buffer> {
  yield Buffer.from('zINSTREAM\0');
  for await (const piece of createReadStream(path, { highWaterMark: 256 * 1024 })) yield* [lengthOf(piece.length), piece];
  yield lengthOf(0);
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

function verdictIn(answer: string): ScanVerdict {
  if (answer === 'stream: OK') return { found: null };
  const [, found] = /^stream: (.*) FOUND$/.exec(answer) ?? [];
  if (found) return { found };
  const help = answer.includes('size limit') ? ' (raise its StreamMaxLength to MEDIA_MOST_BYTES)' : '';
  throw new ScannerAway(`clamd answers: ${answer.slice(0, 200)}${help}`);
}
