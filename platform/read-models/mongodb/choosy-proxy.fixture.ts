/** A proxy before a server that speaks MongoDB's protocol, which reads the clients' messages and decides of each what becomes of it. */
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

/** What becomes of a message: it passes, its connection is cut, or it waits (and what its connection sends behind it) until the promise resolves. */
export type Fate = 'passes' | 'cut' | Promise<void>;

export interface ChoosyProxy {
  /** The URL of the database behind the proxy. */
  url: string;
  /** Decides from now on of each message of a client, by its text: names and values stand in it as they are. */
  decide(fateOf: (text: string) => Fate): void;
  close(): void;
}

export async function choosyProxy(url: string): Promise<ChoosyProxy> {
  const { hostname, port, pathname } = new URL(url.replace('mongodb:', 'http:'));
  const sockets = new Set<Socket>();
  let fateOf: (text: string) => Fate = () => 'passes';

  const server = createServer((client) => {
    const onward = dial(Number(port), hostname);
    onward.pipe(client);
    for (const [one, other] of [
      [client, onward],
      [onward, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    let rest = Buffer.alloc(0);
    let sending = Promise.resolve();
    const send = async (message: Buffer) => {
      const fate = fateOf(message.toString('latin1'));
      if (fate === 'cut') client.destroy();
      else {
        await fate;
        onward.write(message);
      }
    };
    client.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      // Each message begins with its length.
      while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
        const message = rest.subarray(0, rest.readInt32LE(0));
        rest = rest.subarray(message.length);
        sending = sending.then(() => send(message));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `mongodb://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    decide: (by) => {
      fateOf = by;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
