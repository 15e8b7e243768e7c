/** Every part alone, in this process on embedded stores: to ask which rows it answers. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docRoutes } from '../gateway/docs.ts';
import { pageRoutes } from '../gateway/page-routes.ts';
import { version } from './checkout.ts';
import { readConfig } from './config.ts';
import { ALL_PARTS, type Part } from './parts.ts';
import { start } from './start.ts';

/** A row as its method and path, as `GET /api/tasks/:id`. */
export type RowName = string;

/** What is not in the OpenAPI document: the documents themselves, files of the pages, and sockets. */
const HIDDEN: readonly RowName[] = [
  ...[...docRoutes([], version), ...pageRoutes({ file: () => null })].map(({ method, path }) => `${method} ${path}`),
  'GET /socket.io/',
];

/** Rows that every process answers for itself. */
export const OF_EVERY_PART: readonly RowName[] = ['GET /livez', 'GET /readyz', 'GET /metrics'];

const ID = '5f1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a02';

/** The parts that answer each row there is. */
export async function answeredBy(): Promise<Map<RowName, Part[]>> {
  const answers = new Map<Part, (row: RowName) => Promise<boolean>>();
  const ends: (() => Promise<void>)[] = [];
  try {
    let rows: readonly RowName[] = [];
    for (const part of ALL_PARTS) {
      const { url, stop } = await startAlone(part);
      ends.push(stop);
      answers.set(part, (row) => answersRow(url, row));
      if (part === 'gateway') rows = await documentedAt(url);
    }
    const found = new Map<RowName, Part[]>();
    for (const row of [...rows, ...HIDDEN]) {
      const asked = await Promise.all([...answers].map(async ([part, ask]) => ((await ask(row)) ? [part] : [])));
      found.set(row, asked.flat());
    }
    return found;
  } finally {
    await Promise.all(ends.map((end) => end()));
  }
}

/** A row's path with something in the place of each parameter. */
export function pathOf(row: RowName): string {
  return (row.split(' ')[1] ?? '').replaceAll(/:\w+/g, ID);
}

async function startAlone(part: Part): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'part-'));
  const running = await start(readConfig({ DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', ADMIN_PASSWORD: 'nobody logs in' }), { parts: [part] });
  return {
    url: running.url,
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function documentedAt(url: string): Promise<RowName[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
  );
}

/** Not so where it says that there is nothing, or nothing with this method. */
async function answersRow(url: string, row: RowName): Promise<boolean> {
  const answer = await fetch(`${url}${pathOf(row)}`, { method: row.split(' ')[0] ?? '' });
  const text = await answer.text();
  return answer.status !== 405 && !text.includes('There is nothing at');
}
