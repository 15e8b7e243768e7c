/** Recognises a server that is no MongoDB by its answer to a greeting: the driver only says that the connection was closed, or nothing. */
import { connect } from 'node:net';
import type { MongoClient } from 'mongodb';

/** OP_MSG with the document {hello: 1, $db: "admin"}: the first message of every client. */
const HELLO = Buffer.from([
  ...[52, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 0x07, 0, 0, 0, 0, 0, 0, 0],
  ...[31, 0, 0, 0, 0x10, ...Buffer.from('hello\0'), 1, 0, 0, 0, 0x02, ...Buffer.from('$db\0'), 6, 0, 0, 0, ...Buffer.from('admin\0'), 0],
]);
/** Bytes of a message's header: its length, its id, the id of the message it answers, its kind. */
const HEADER = 16;
const LONGEST = 48_000_000;
const GREETING_PATIENCE = 1_000;

/** True where the client's first server answers a greeting with anything but a message of MongoDB; false where it is silent, or speaks TLS. */
export async function answersOtherwise({ options }: MongoClient): Promise<boolean> {
  const [first] = options.hosts;
  if (options.tls || first?.host === undefined || first.port === undefined) return false;
  const answer = await firstBytes(first.host, first.port);
  return answer.length > 0 && !isMessage(answer);
}

function isMessage(answer: Buffer): boolean {
  if (answer.length < HEADER) return answer.length >= 4 && isLength(answer.readInt32LE(0));
  return isLength(answer.readInt32LE(0)) && answer.readInt32LE(8) === 1;
}

function isLength(length: number): boolean {
  return length >= HEADER && length <= LONGEST;
}

/** The first bytes of a server's answer to HELLO; empty where it cannot be reached, ends the connection or is silent for a second. */
function firstBytes(host: string, port: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes);
    };
    socket.setTimeout(GREETING_PATIENCE, () => done(Buffer.alloc(0)));
    socket.once('connect', () => socket.write(HELLO));
    socket.once('data', done);
    socket.once('error', () => done(Buffer.alloc(0)));
    socket.once('close', () => done(Buffer.alloc(0)));
  });
}
