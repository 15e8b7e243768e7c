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

/** What the proxy speaks TLS with. */
export interface ProxyTls {
  /** The folder with fullchain.pem and privkey.pem. */
  certificates: string;
  /** The port of the loopback for who comes without TLS. */
  plainPort: number;
  /** The address that people use, to which pages are led that are asked for without TLS; `https://127.0.0.1:<port>` where it is not given. */
  publicUrl?: string;
}

export interface Proxy {
  /** The one address of all parts, as `http://127.0.0.1:20001`; `https:` with TLS. */
  url: string;
  /** Resolves to what nginx has said so far. */
  output(): Promise<string>;
  /** Ends nginx and deletes its folder. It ends with this process, too. */
  stop(): Promise<void>;
}

/** The reason why nginx cannot run here; null where it can. */
export function missing(): string | null {
  return findProgram('nginx') ? null : 'nginx is not installed (Debian: apt-get install nginx-light)';
}

/** Starts nginx before these parts, on `port` or a free one, with TLS where a certificate is given. Errors: nginx is not installed; it does not start. */
export async function startProxy(behind: PartsBehind, onPort?: number, tls?: ProxyTls): Promise<Proxy> {
  const command = findProgram('nginx');
  if (!command) throw new Error(missing() ?? '');
  const port = onPort ?? (await freePort());
  const { folder, temporary } = await folderFor('nginx', undefined);
  const upstreams = BEHIND.map((part) => [part.replace('-', '_').toUpperCase(), serverLines(behind[part] ?? [])] as const);
  const address = `127.0.0.1:${port}`;
  const values = new Map<string, string>([...upstreams, ['LISTEN', tls ? `${address} ssl` : address], ...tlsValues(tls, address)]);
  const files = tls ? ['proxy.conf', 'tls.conf'] : ['proxy.conf'];
  await Promise.all([
    mkdir(join(folder, 'temporary')),
    ...files.map((name) => fillIn(name, values, folder)),
    writeFile(join(folder, 'nginx.conf'), nginxConf(folder, files)),
  ]);
  const server = await startServer({
    name: 'nginx',
    url: `${tls ? 'https' : 'http'}://${address}`,
    port,
    folder,
    temporary,
    command: [command, '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
    // Not a request that nginx could pass on: nginx itself must answer.
    answers: () => firstAnswer(port, '?\r\n\r\n'),
  });
  return { url: server.url, output: () => readFile(join(folder, 'log'), 'utf8'), stop: server.close };
}

function tlsValues(tls: ProxyTls | undefined, address: string): [string, string][] {
  if (!tls) return [];
  return [
    ['CERTIFICATES', tls.certificates],
    ['PLAIN', `127.0.0.1:${tls.plainPort}`],
    ['PUBLIC_URL', tls.publicUrl ?? `https://${address}`],
  ];
}

/** Writes a template with its variables filled in, as the image does. */
async function fillIn(name: string, values: ReadonlyMap<string, string>, folder: string): Promise<void> {
  const template = await readFile(new URL(`${name}.template`, import.meta.url), 'utf8');
  await writeFile(
    join(folder, name),
    template.replaceAll(/\$\{(\w+)\}/g, (_, variable) => values.get(variable) ?? ''),
  );
}

/** The servers of an upstream; where there are none, one that is down, because nginx refuses an upstream without servers. */
function serverLines(urls: readonly string[]): string {
  if (urls.length === 0) return 'server 127.0.0.1:9 down;';
  return urls.map((url) => `server ${new URL(url).host};`).join(' ');
}

/** The nginx.conf around the templates, as servers/nginx.conf, for one process in one folder. */
function nginxConf(folder: string, files: readonly string[]): string {
  const included = files.map((name) => `include ${join(folder, name)};`).join(' ');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${join(folder, 'temporary', what)};`);
  // Run as root, nginx runs its workers as the user nobody, who may not enter the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off; ${user} pid ${join(folder, 'nginx.pid')}; error_log stderr warn; worker_processes 1;
events { worker_connections 4096; }
http { access_log off; ${temporary.join(' ')} ${included} }
`;
}
