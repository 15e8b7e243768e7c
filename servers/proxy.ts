/** nginx as the one port before all parts, by proxy.conf.template, as in docker-compose.yml but with the nginx installed here. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstAnswer } from './answering.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './programs.ts';
import { folderFor, startServer } from './server.ts';

/** Parts that answer HTTP. */
export const BEHIND = ['gateway', 'write-side', 'read-side', 'realtime', 'notifier', 'media'] as const;

/** The addresses of each part, as `http://127.0.0.1:3001`, of one process or several. For a part without one the proxy answers 503. */
export type PartsBehind = Partial<Record<(typeof BEHIND)[number], readonly string[]>>;

export interface Proxy {
  /** The one address of all parts, as `http://127.0.0.1:20001`. */
  url: string;
  /** Ends nginx and deletes its folder. It ends with this process, too. */
  stop(): Promise<void>;
}

/** The reason why nginx cannot run here; null where it can. */
export function missing(): string | null {
  return findProgram('nginx') ? null : 'nginx is not installed (Debian: apt-get install nginx-light)';
}

/** Starts nginx before these parts, on `port` or a free one. Errors: nginx is not installed; it does not start. */
export async function startProxy(behind: PartsBehind, onPort?: number): Promise<Proxy> {
  const command = findProgram('nginx');
  if (!command) throw new Error(missing() ?? '');
  const port = onPort ?? (await freePort());
  const { folder, temporary } = await folderFor('nginx', undefined);
  const settings = await filledIn(behind, `127.0.0.1:${port}`);
  await Promise.all([
    mkdir(join(folder, 'temporary')),
    writeFile(join(folder, 'proxy.conf'), settings),
    writeFile(join(folder, 'nginx.conf'), nginxConf(folder)),
  ]);
  const server = await startServer({
    name: 'nginx',
    url: `http://127.0.0.1:${port}`,
    port,
    folder,
    temporary,
    command: [command, '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
    // Not a request that nginx could pass on: nginx itself must answer.
    answers: () => firstAnswer(port, '?\r\n\r\n'),
  });
  return { url: server.url, stop: server.close };
}

/** The template with its variables filled in. */
async function filledIn(behind: PartsBehind, listen: string): Promise<string> {
  const template = await readFile(new URL('proxy.conf.template', import.meta.url), 'utf8');
  const values = new Map(BEHIND.map((part) => [part.replace('-', '_').toUpperCase(), serverLines(behind[part] ?? [])]));
  values.set('LISTEN', listen);
  return template.replaceAll(/\$\{(\w+)\}/g, (_, name) => values.get(name) ?? '');
}

/** The servers of an upstream; where there are none, one that is down, because nginx refuses an upstream without servers. */
function serverLines(urls: readonly string[]): string {
  if (urls.length === 0) return 'server 127.0.0.1:9 down;';
  return urls.map((url) => `server ${new URL(url).host};`).join(' ');
}

/** The nginx.conf around the template, as the image's own, for one process in one folder. */
function nginxConf(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${join(folder, 'temporary', what)};`);
  // Run as root, nginx runs its workers as the user nobody, who may not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off; ${user} pid ${join(folder, 'nginx.pid')}; error_log stderr warn; worker_processes 1;
events { worker_connections 1024; }
http { access_log off; ${temporary.join(' ')} include ${join(folder, 'proxy.conf')}; }
`;
}
