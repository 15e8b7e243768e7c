/** Whether a server answers, asked in its own protocol's first words. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends `words` to a port on the loopback and gives back the first bytes of the answer. Error: none within a second. */
export async function firstAnswer(port: number, words: string | Uint8Array): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  try {
    const signal = AbortSignal.timeout(1_000);
    await once(socket, 'connect', { signal });
    socket.write(words);
    const [bytes] = await once(socket, 'data', { signal });
    return bytes as Buffer;
  } finally {
    socket.destroy();
  }
}
