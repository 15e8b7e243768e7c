/** A TCP proxy on loopback that can lose bytes and connections as a network does. */
import { createServer, connect as dial, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Bytes that reached the client so far. */
  received(): number;
  /** From now on silently passes nothing in this direction: present connections, and new ones until `pass`, have lost those bytes for good. */
  swallow(way: 'to the server' | 'to the client' | 'both ways'): void;
  /** Lets new connections pass everything. */
  pass(): void;
  /** Drops every connection, but takes new ones. */
  cut(): void;
  /** Drops one connection, which is chosen by a number from 0 (the oldest) to 1, exclusive. False where there is none. */
  cutOne(which: number): boolean;
  /** Drops every connection and refuses new ones, until `listen`. */
  refuse(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** The directions in which nothing passes. */
interface Lost {
  'to the server': boolean;
  'to the client': boolean;
}

interface Pair {
  sockets: [Socket, Socket];
  lost: Lost;
}

/** Starts a proxy before the server on `target`, a port on loopback. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let lost: Lost = { 'to the server': false, 'to the client': false };
  let received = 0;
  let port = 0;

  function accept(client: Socket): void {
    const server = dial(target, '127.0.0.1');
    const pair: Pair = { sockets: [client, server], lost };
    pairs.add(pair);
    client.on('data', (bytes) => pair.lost['to the server'] || pass(bytes, client, server));
    server.on('data', (bytes) => {
      if (pair.lost['to the client']) return;
      received += bytes.length;
      pass(bytes, server, client);
    });
    const drop = () => {
      pairs.delete(pair);
      for (const socket of pair.sockets) socket.destroy();
    };
    for (const socket of pair.sockets) socket.on('error', drop).on('close', drop);
  }

  let listener: Server;
  const listen = async () => {
    listener = createServer(accept);
    await new Promise<void>((resolve, reject) => listener.once('error', reject).listen(port, '127.0.0.1', resolve));
    port = (listener.address() as { port: number }).port;
  };
  const cut = () => {
    for (const { sockets } of [...pairs]) for (const socket of sockets) socket.destroy();
  };
  const refuse = async () => {
    const closed = new Promise((resolve) => listener.close(resolve));
    cut();
    await closed;
  };
  await listen();
  return {
    port,
    received: () => received,
    swallow: (way) => {
      lost = { 'to the server': way !== 'to the client', 'to the client': way !== 'to the server' };
      for (const pair of pairs) pair.lost = lost;
    },
    pass: () => {
      lost = { 'to the server': false, 'to the client': false };
    },
    cut,
    cutOne: (which) => {
      const pair = [...pairs][Math.floor(which * pairs.size)];
      for (const socket of pair?.sockets ?? []) socket.destroy();
      return pair !== undefined;
    },
    refuse,
    listen,
    close: refuse,
  };
}

/** Passes bytes on, no faster than the other side takes them. */
function pass(bytes: Buffer, from: Socket, to: Socket): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
