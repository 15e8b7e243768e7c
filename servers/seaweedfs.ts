/** SeaweedFS: an S3 server, with its master, volumes and filer in one process. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { installSeaweedFs } from './build-seaweedfs.ts';
import { freePort } from './free-port.ts';
import { pausable, S3_ACCOUNT, type S3Server } from './s3-server.ts';
import { folderFor, type ServerOptions, startServer } from './server.ts';

/** The servers in the process, each with a port and one for gRPC. */
const INSIDE = ['master', 'volume', 'filer'];

/** Starts SeaweedFS; installs it first where it is not installed. Objects survive `kill` and `restart`. */
export async function startSeaweedFs(options: ServerOptions = {}): Promise<S3Server> {
  const program = await installSeaweedFs();
  const port = options.port ?? (await freePort());
  const place = await folderFor('seaweedfs', options.folder);
  const data = join(place.folder, 'data');
  await mkdir(data, { recursive: true });
  const ports: string[] = [];
  for (const one of INSIDE) ports.push(`-${one}.port=${await freePort()}`, `-${one}.port.grpc=${await freePort()}`);
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: 'seaweedfs',
    url: `s3://files?endpoint=${endpoint}&pathStyle=1`,
    port,
    ...place,
    command: [
      program,
      'server',
      `-dir=${data}`,
      '-ip=127.0.0.1',
      '-ip.bind=127.0.0.1',
      ...ports,
      // Each bucket takes several volumes, which are made as they are written.
      '-master.volumeSizeLimitMB=64',
      '-volume.max=5000',
      '-filer',
      '-s3',
      `-s3.port=${port}`,
      `-s3.port.grpc=${await freePort()}`,
      `-s3.localSocket=${join(place.folder, 's3.socket')}`,
      '-s3.port.iceberg=0',
      '-s3.port.lance=0',
      '-s3.autoCreateBucket=false',
    ],
    env: { AWS_ACCESS_KEY_ID: S3_ACCOUNT.accessKey, AWS_SECRET_ACCESS_KEY: S3_ACCOUNT.secretKey, HOME: place.folder, TMPDIR: place.folder },
    answers: async () => {
      const { ok, status } = await fetch(`${endpoint}/status`, { signal: AbortSignal.timeout(2_000) });
      if (!ok) throw new Error(`it is not healthy: ${status}`);
    },
  });
  return { ...pausable(server), kind: 'SeaweedFS', endpoint };
}
