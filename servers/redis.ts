/** The Redis that the system has installed. */
import { firstAnswer } from './answering.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './programs.ts';
import { folderFor, type Server, type ServerOptions, startServer } from './server.ts';

const find = () => findProgram('redis-server', 'valkey-server');

/** The reason why Redis cannot run here; null where it can. */
export function missing(): string | null {
  return find() ? null : 'redis-server is not installed (Debian: apt-get install redis-server)';
}

/** Starts a Redis that keeps everything in memory, and nothing over a stop. */
export async function startRedis(options: ServerOptions = {}): Promise<Server> {
  const command = find();
  if (!command) throw new Error(missing() ?? '');
  const port = options.port ?? (await freePort());
  const settings = { port, bind: '127.0.0.1', save: '', appendonly: 'no', databases: 16, 'shutdown-timeout': 0 };
  return startServer({
    name: 'redis',
    url: `redis://127.0.0.1:${port}`,
    port,
    ...(await folderFor('redis', options.folder)),
    command: [command, ...Object.entries(settings).flatMap(([setting, value]) => [`--${setting}`, String(value)])],
    async answers() {
      const answer = await firstAnswer(port, 'PING\r\n');
      if (!answer.toString().startsWith('+PONG')) throw new Error(answer.toString());
    },
  });
}
