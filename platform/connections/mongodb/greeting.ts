/** Whether something else than MongoDB listens there: the driver only says that the connection was closed, or nothing at all. */
import { connect } from 'node:net';
import type { MongoClient } from 'mongodb';

/** OP_MSG with the document {hello: 1, $db: "admin"}: what a client says first. */
const HELLO = Buffer.from([
  ...[52, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 0x07, 0, 0, 0, 0, 0, 0, 0],
  ...[31, 0, 0, 0, 0x10, ...Buffer.from('hello\0'), 1, 0, 0, 0, 0x02, ...Buffer.from('$db\0'), 6, 0, 0, 0, ...Buffer.from('admin\0'), 0],
]);
/** A message's header: its length, its id, the id of what it answers, its kind. */
const HEADER = 16;
const LONGEST = 48_000_000;
const PATIENCE = 1_000;

/** True where a server of the client's answers a greeting with what is no message of MongoDB; false also where it says nothing, or in TLS. */
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

/** What a server says first, until it ends or says no more; nothing where it cannot be reached. */
function firstBytes(host: string, port: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (bytes: Buffer) => {
      socket.destroy();
      resolve(bytes);
    };
    socket.setTimeout(PATIENCE, () => done(Buffer.alloc(0)));
    socket.once('connect', () => socket.write(HELLO));
    socket.once('data', done);
    socket.once('error', () => done(Buffer.alloc(0)));
    socket.once('close', () => done(Buffer.alloc(0)));
  });
}
