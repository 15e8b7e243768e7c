/** FerretDB: the MongoDB protocol on SQLite files, built from `ferretdb/` where Go is installed. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { firstAnswer } from './answering.ts';
import { buildFerretDb, missing } from './build-ferretdb.ts';
import { freePort } from './free-port.ts';
import { folderFor, type Server, type ServerOptions, startServer } from './server.ts';
import { standStill } from './stand-still.ts';

export { missing } from './build-ferretdb.ts';

/** A FerretDB of the caller's own. */
export interface FerretDb extends Server {
  /** Stops the process (SIGSTOP): connections stay open, and nothing answers. */
  pause(): void;
  /** Lets the process go on. */
  resume(): void;
}

/**
 * What is deleted is overwritten in its SQLite files, as MongoDB removes the files of dropped collections. The program ends the address that it makes of the
 * folder with a slash, which belongs to the folder alone: here it is a parameter that nobody reads.
 */
const OVERWRITING = '/?_pragma=secure_delete(on)&end=';

/** Starts FerretDB; builds it first where it is not built (a minute or two). Databases survive `kill` and `restart`. */
export async function startFerretDb(options: ServerOptions = {}): Promise<FerretDb> {
  const reason = missing();
  if (reason) throw new Error(reason);
  const program = await buildFerretDb();
  const port = options.port ?? (await freePort());
  const place = await folderFor('ferretdb', options.folder);
  const data = join(place.folder, 'data');
  await mkdir(data, { recursive: true });
  const server = await startServer({
    name: 'ferretdb',
    url: `mongodb://127.0.0.1:${port}/`,
    port,
    ...place,
    command: [program, `127.0.0.1:${port}`, `${data}${OVERWRITING}`],
    answers: () => firstAnswer(port, HELLO),
  });
  const signal = (name: NodeJS.Signals) => {
    const pid = server.pid();
    // To the server alone: the shell that watches over it must not stand still.
    if (pid !== null) process.kill(pid, name);
  };
  return {
    ...server,
    pause: () => {
      const pid = server.pid();
      if (pid !== null) standStill(pid);
    },
    resume: () => signal('SIGCONT'),
  };
}

// OP_MSG with the document {hello: 1, $db: "admin"}: the first message of a MongoDB client.
const HELLO = Buffer.from([
  ...[52, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 0x07, 0, 0, 0, 0, 0, 0, 0],
  ...[31, 0, 0, 0, 0x10, ...Buffer.from('hello\0'), 1, 0, 0, 0, 0x02, ...Buffer.from('$db\0'), 6, 0, 0, 0, ...Buffer.from('admin\0'), 0],
]);
