/** A client of uploads: a process of ours with a task, and forms that are sent to it or to a bare server. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type StartedProcess, startProcess } from '../process.ts';

export interface Uploads {
  port: number;
  /** The headers that let it in, and the query that says what a file is for. */
  headers: Record<string, string>;
  query: string;
}

/** Who uploads. */
export const BENCH_ADMIN = { email: 'admin@example.org', password: 'admin-password' };

/** The variables that let one user upload whatever a bench has. */
export const MUCH = { MEDIA_MOST_BYTES: '2000000000', MEDIA_USER_MB: '1000000', MEDIA_TOTAL_MB: '1000000', UPLOAD_LIMIT: '100000' };

/** Starts a whole process in a folder that takes files of two gigabytes. */
export function startOurs(dataDir: string, env: Record<string, string> = {}): Promise<StartedProcess> {
  const own = { DATA_DIR: dataDir, PORT: '0', ADMIN_EMAIL: BENCH_ADMIN.email, ADMIN_PASSWORD: BENCH_ADMIN.password, LOG_LEVEL: 'silent' };
  return startProcess([fileURLToPath(new URL('../../main.ts', import.meta.url))], { ...own, ...MUCH, ...env });
}

/** Logs in and makes a task that files are for. */
export async function uploadsTo({ port }: Pick<StartedProcess, 'port'>): Promise<Uploads> {
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const json = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID(), ...headers };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { accessToken: string; id: string };
  };
  const { accessToken } = await post('/api/login', BENCH_ADMIN);
  const headers = { Authorization: `Bearer ${accessToken}` };
  const { id } = await post('/api/tasks', { title: 'Files' }, headers);
  return { port, headers, query: `?task=${id}` };
}

const HEAD = (name: string) => Buffer.from(`--b\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`);
const TAIL = Buffer.from('\r\n--b--\r\n');

/** Uploads a file of these pieces, one after the other; rejects where it is refused. `ended` is called when its last byte is on its way. */
export async function upload({ port, headers, query }: Uploads, name: string, pieces: readonly Buffer[], ended = () => {}): Promise<void> {
  const all = [HEAD(name), ...pieces, TAIL];
  const length = all.reduce((sum, one) => sum + one.length, 0);
  const own = { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': length, 'Idempotency-Key': randomUUID() };
  const sent = request({ port, host: '127.0.0.1', method: 'POST', path: `/api/media${query}`, headers: { ...headers, ...own } });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  for (const piece of all) if (!sent.write(piece)) await Promise.race([once(sent, 'drain'), answered]);
  sent.once('finish', ended).end();
  const [answer] = await answered;
  const body = await text(answer);
  if ((answer.statusCode ?? 500) >= 300) throw new Error(`an upload was answered ${answer.statusCode} ${body}`);
}

/** A PDF of about so many bytes, in pieces that share their memory. Its random bytes are another file each time. */
export function pdf(bytes: number): Buffer[] {
  const random = Buffer.alloc(1024 * 1024, randomUUID());
  const middle = Array.from({ length: Math.ceil(bytes / random.length) }, () => random);
  return [Buffer.from('%PDF-1.7\n'), ...middle, Buffer.from('\n%%EOF\n')];
}
