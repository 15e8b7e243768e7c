/** versitygw: an S3 server on a folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildVersityGw, missing } from './build-versitygw.ts';
import { freePort } from './free-port.ts';
import { folderFor, type Server, type ServerOptions, startServer } from './server.ts';
import { standStill } from './stand-still.ts';

export { missing } from './build-versitygw.ts';

/** The one account of the servers that are started here. */
export const S3_ACCOUNT = { accessKey: 'taskledger', secretKey: 'a-secret-for-files-that-go-with-their-server' } as const;

/** An S3 server of the caller's own. Its URL is `s3://files?endpoint=…`, with a bucket that is there. */
export interface VersityGw extends Server {
  /** Its address, as `http://127.0.0.1:7070`. */
  endpoint: string;
  /** Stops the process (SIGSTOP): connections stay open, and nothing answers. */
  pause(): void;
  /** Lets the process go on. */
  resume(): void;
}

/** Starts versitygw; builds it first where it is not built (some minutes). Objects survive `kill` and `restart`. */
export async function startVersityGw(options: ServerOptions = {}): Promise<VersityGw> {
  const reason = missing();
  if (reason) throw new Error(reason);
  const program = await buildVersityGw();
  const port = options.port ?? (await freePort());
  const place = await folderFor('versitygw', options.folder);
  const data = join(place.folder, 'data');
  // A folder in the root is a bucket.
  await mkdir(join(data, 'files'), { recursive: true });
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: 'versitygw',
    url: `s3://files?endpoint=${endpoint}&pathStyle=1`,
    port,
    ...place,
    command: [program, '--port', `127.0.0.1:${port}`, '--health', '/health', 'posix', data],
    env: { ROOT_ACCESS_KEY: S3_ACCOUNT.accessKey, ROOT_SECRET_KEY: S3_ACCOUNT.secretKey },
    answers: async () => {
      const { ok, status } = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(2_000) });
      if (!ok) throw new Error(`it is not healthy: ${status}`);
    },
  });
  return {
    ...server,
    endpoint,
    pause: () => {
      const pid = server.pid();
      if (pid !== null) standStill(pid);
    },
    resume: () => {
      const pid = server.pid();
      // To the server alone: the shell that watches over it must not stand still.
      if (pid !== null) process.kill(pid, 'SIGCONT');
    },
  };
}
