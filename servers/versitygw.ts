/** versitygw: an S3 server on a folder. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildVersityGw, missing } from './build-versitygw.ts';
import { freePort } from './free-port.ts';
import { pausable, S3_ACCOUNT, type S3Server } from './s3-server.ts';
import { folderFor, type ServerOptions, startServer } from './server.ts';

export { missing } from './build-versitygw.ts';

/** Starts versitygw; builds it first where it is not built (some minutes). Objects survive `kill` and `restart`. */
export async function startVersityGw(options: ServerOptions = {}): Promise<S3Server> {
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
  return { ...pausable(server), kind: 'versitygw', endpoint };
}
