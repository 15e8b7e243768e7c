/** The S3 server of tests: versitygw, which docker-compose.yml runs, or SeaweedFS where that cannot be built. */
import * as seaweedFs from './build-seaweedfs.ts';
import * as versityGw from './build-versitygw.ts';
import type { Server, ServerOptions } from './server.ts';
import { standStill } from './stand-still.ts';

/** The one account of the servers that are started here. */
export const S3_ACCOUNT = { accessKey: 'taskledger', secretKey: 'a-secret-for-files-that-go-with-their-server' } as const;

/** An S3 server of the caller's own. Its URL is `s3://files?endpoint=…`. */
export interface S3Server extends Server {
  kind: 'versitygw' | 'SeaweedFS';
  /** Its address, as `http://127.0.0.1:7070`. */
  endpoint: string;
  /** Stops the process (SIGSTOP): connections stay open, and nothing answers. */
  pause(): void;
  /** Lets the process go on. */
  resume(): void;
}

/** The reason why none can run here; null where one can. */
export function missing(): string | null {
  const reason = versityGw.missing();
  return reason && seaweedFs.missing() ? reason : null;
}

/**
 * Starts versitygw, which is built first where it is not built (some minutes), or, where it cannot be built, SeaweedFS. Objects survive `kill` and
 * `restart`. S3_SERVER=SeaweedFS starts that at once.
 */
export async function startS3Server(options: ServerOptions = {}): Promise<S3Server> {
  const { startSeaweedFs } = await import('./seaweedfs.ts');
  if (process.env.S3_SERVER === 'SeaweedFS' || versityGw.missing()) return startSeaweedFs(options);
  const { startVersityGw } = await import('./versitygw.ts');
  try {
    await versityGw.buildVersityGw();
  } catch (error) {
    process.stderr.write(`versitygw cannot be built, and SeaweedFS stands in for it: ${(error as Error).message.slice(0, 500)}\n`);
    return startSeaweedFs(options);
  }
  return startVersityGw(options);
}

/** The server with the two signals. */
export function pausable<S extends Server>(server: S): S & Pick<S3Server, 'pause' | 'resume'> {
  return {
    ...server,
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
