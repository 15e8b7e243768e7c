/** A server that answers every command as a MongoDB of some version would: a kind that we cannot run in tests (too old, a replica set). */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { BSON } from 'mongodb';

export interface Answering {
  url: string;
  /** The commands that the server got. */
  commands: BSON.Document[];
  close(): Promise<void>;
}

const [OP_REPLY, OP_QUERY, OP_MSG] = [1, 2004, 2013];

/** Starts the server; every answer is `ok` with these fields. */
export async function answering(fields: (port: number) => BSON.Document): Promise<Answering> {
  const commands: BSON.Document[] = [];
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      for (let length = lengthOf(bytes); length <= bytes.length; length = lengthOf(bytes)) {
        answer(socket, bytes.subarray(0, length));
        bytes = bytes.subarray(length);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const document = BSON.serialize({ ok: 1, ...fields(port) });
  const sockets = socketsOf(server);

  function answer(socket: Socket, message: Buffer): void {
    const kind = message.readInt32LE(12);
    // The document comes after flags and a section's kind (OP_MSG), or after flags, the name of a collection, and two numbers (OP_QUERY).
    const at = kind === OP_MSG ? 21 : message.indexOf(0, 20) + 9;
    if (kind === OP_MSG || kind === OP_QUERY) commands.push(BSON.deserialize(message.subarray(at, at + message.readInt32LE(at))));
    const body = kind === OP_MSG ? [Buffer.alloc(5), document] : [Buffer.alloc(16), Buffer.from([1, 0, 0, 0]), document];
    const header = Buffer.alloc(16);
    header.writeInt32LE(16 + body.reduce((sum, { length }) => sum + length, 0), 0);
    header.writeInt32LE(message.readInt32LE(4), 8);
    header.writeInt32LE(kind === OP_MSG ? OP_MSG : OP_REPLY, 12);
    socket.write(Buffer.concat([header, ...body]));
  }

  return {
    url: `mongodb://127.0.0.1:${port}/`,
    commands,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Bytes of the first message; Infinity where its length is not there yet. */
function lengthOf(bytes: Buffer): number {
  return bytes.length < 4 ? Number.POSITIVE_INFINITY : bytes.readInt32LE(0);
}

function socketsOf(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return sockets;
}
