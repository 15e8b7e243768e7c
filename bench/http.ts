/** HTTP commands against a bare Koa and router that say hello to the same request, by the same load generator. `node bench/http.ts` prints them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UNLIMITED } from '../system/unlimited.fixture.ts';
import { type Load, type LoadResult, runLoad } from './load.ts';
import { bestOf, line, type Row } from './measure.ts';
import { type StartedProcess, startProcess } from './process.ts';

const CONNECTIONS = 32;
const SECONDS = 3;
const ROUNDS = 3;

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Rates and 99th percentiles: the write side alone, and the whole process with all its followers. */
export async function benchHttp(): Promise<Row[]> {
  const dirs = [mkdtempSync(join(tmpdir(), 'bench-write-')), mkdtempSync(join(tmpdir(), 'bench-whole-'))] as const;
  const env = { ...UNLIMITED, DATA_DIR: dirs[1], PORT: '0', ADMIN_EMAIL: 'admin@example.org', ADMIN_PASSWORD: 'admin-password', LOG_LEVEL: 'silent' };
  const hello = await startProcess([here('./hello.ts')]);
  const alone = await startProcess([here('./write-side.ts'), dirs[0]]);
  const whole = await startProcess([here('../main.ts')], env);
  try {
    return [
      ...(await compare('HTTP command, write side alone', alone, hello, 0.5)),
      ...(await compare('HTTP command, whole process', whole, hello, 0.25)),
    ];
  } finally {
    for (const one of [hello, alone, whole]) await one.stop();
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
  }
}

async function compare(what: string, ours: StartedProcess, hello: StartedProcess, target: number): Promise<Row[]> {
  const results: { ours: LoadResult[]; bare: LoadResult[] } = { ours: [], bare: [] };
  const oursLoad = await commandLoadOf(ours.port);
  const rate = await bestOf({
    what,
    unit: 'commands/s',
    target,
    rounds: ROUNDS,
    ours: () => measured(oursLoad, results.ours),
    bare: () => measured({ ...oursLoad, port: hello.port }, results.bare),
  });
  const p99 = (of: LoadResult[]) => Math.min(...of.slice(1).map((one) => one.p99));
  const [a, b] = [p99(results.ours), p99(results.bare)];
  return [rate, { what: `${what}, p99`, ours: a, bare: b, ratio: a / b, spread: 'best of each', target: 2, unit: 'ms' }];
}

async function measured(load: Load, results: LoadResult[]): Promise<number> {
  const result = await runLoad(load);
  if (result.refused > 0) throw new Error(`${result.refused} of ${result.requests} requests were refused`);
  results.push(result);
  return result.perSecond;
}

/** The request of a load on a process of ours: a task with a fresh Idempotency-Key, and an access token. */
export async function commandLoadOf(port: number): Promise<Load> {
  const response = await fetch(`http://127.0.0.1:${port}/api/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: 'admin@example.org', password: 'admin-password' }),
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  const headers = { Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json', 'Idempotency-Key': '{{uuid}}' };
  const body = JSON.stringify({ title: 'Replace the lamp in the hall', description: 'The one beside the lift flickers.', labels: ['electrics'] });
  return { port, connections: CONNECTIONS, seconds: SECONDS, request: { method: 'POST', path: '/api/tasks', headers, body } };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  for (const row of await benchHttp()) process.stdout.write(`${line(row)}\n`);
