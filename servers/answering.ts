/** Asks a server for an answer, in the first words of its own protocol. */
import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends `words` to a port on the loopback and answers the first bytes that come back. Error: none within a second. */
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
