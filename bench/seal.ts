/**
 * What sealing costs: a rebuild of the task list from a sealed log against one from the same log clear, and the processor time of a command with and without,
 * of the write side alone, and of the whole process until all that follows is done.
 * `node bench/seal.ts` prints the lines.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openSealing } from '../app/sealing.ts';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { sealedStore } from '../platform/sealing/sealed-store.ts';
import { stableId } from '../platform/stable-id.ts';
import { commandLoadOf } from './http.ts';
import { runLoad } from './load.ts';
import { bestOf, line, type Row } from './measure.ts';
import { type StartedProcess, startProcess } from './process.ts';
import { fill, rebuild } from './rebuild.ts';

const EVENTS = 100_000;
/** People who write in the log. */
const PEOPLE = 1_000;
const ROUNDS = 8;
const SECONDS = 3;
/** Milliseconds of computing in a second of a process that has nothing to do, at most. */
const AT_REST = 30;
/** The limits on what one user does and is mailed, which one user with all of the load would meet. */
const UNLIMITED = { COMMAND_LIMIT: '1000000', MAIL_COMMAND_LIMIT: '1000000' };
const log = { error: () => {}, warn: () => {}, info: () => {} };

/** The rows of sealing; `told` hears each as soon as it is measured. */
export async function benchSeal(told: (row: Row) => void = () => {}): Promise<Row[]> {
  const rows: Row[] = [];
  for (const bench of [benchRebuilds, benchCommands, benchWhole]) {
    const row = await bench();
    told(row);
    rows.push(row);
  }
  return rows;
}

async function benchRebuilds(): Promise<Row> {
  const folders = { clear: mkdtempSync(join(tmpdir(), 'bench-clear-')), sealed: mkdtempSync(join(tmpdir(), 'bench-sealed-')) };
  const clear = await openEventStore('sqlite:', { dataDir: folders.clear, log });
  const plain = await openEventStore('sqlite:', { dataDir: folders.sealed, log });
  const secrets = await openSecrets('sqlite:', { dataDir: folders.sealed, log });
  try {
    const sealed = sealedStore(plain, await openSealing({ store: plain, secrets, signal: new AbortController().signal }));
    await fill(byMany(clear), EVENTS);
    await fill(byMany(sealed), EVENTS);
    return await bestOf({
      what: `rebuild of the task list from a sealed log, ${EVENTS / 1_000} k events, against a clear one`,
      unit: 'events/s',
      target: 0.8,
      rounds: ROUNDS,
      ours: () => rebuild(sealed, folders.sealed),
      bare: () => rebuild(clear, folders.clear),
    });
  } finally {
    for (const one of [clear, plain, secrets]) await one.close();
    for (const folder of Object.values(folders)) rmSync(folder, { recursive: true });
  }
}

/** The store, where each stream is somebody's of many. */
function byMany(store: EventStore): EventStore {
  const authorOf = (stream: string) => stableId('author', String(Number.parseInt(stream.slice(-6), 16) % PEOPLE));
  return {
    ...store,
    append: (stream, expected, events, options) =>
      store.append(
        stream,
        expected,
        events.map((event) => ({ ...event, metadata: { ...event.metadata, actor: authorOf(stream) } })),
        options,
      ),
  };
}

async function benchCommands(): Promise<Row> {
  const folders = [mkdtempSync(join(tmpdir(), 'bench-clear-')), mkdtempSync(join(tmpdir(), 'bench-sealed-'))] as const;
  const file = fileURLToPath(new URL('./write-side.ts', import.meta.url));
  const clear = await startProcess([file, folders[0]]);
  const sealed = await startProcess([file, folders[1], 'sealed']);
  try {
    return await bestOf({
      what: 'processor time of an HTTP command that is sealed, against one that is not, write side alone',
      unit: 'ms',
      target: 1.05,
      best: 'lowest',
      rounds: ROUNDS,
      ours: () => computing(sealed),
      bare: () => computing(clear),
    });
  } finally {
    for (const one of [clear, sealed]) await one.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

async function benchWhole(): Promise<Row> {
  const folders = [mkdtempSync(join(tmpdir(), 'bench-clear-')), mkdtempSync(join(tmpdir(), 'bench-sealed-'))] as const;
  const clear = await wholeProcess(folders[0], 'clear');
  const sealed = await wholeProcess(folders[1], 'sealed');
  try {
    return await bestOf({
      what: 'processor time of a task with its mail that is sealed, against one that is not, whole process, until all is done',
      unit: 'ms',
      target: 1.05,
      best: 'lowest',
      rounds: ROUNDS,
      ours: () => computingUntilDone(sealed),
      bare: () => computingUntilDone(clear),
    });
  } finally {
    for (const one of [clear, sealed]) await one.stop();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
}

function wholeProcess(dataDir: string, how: 'clear' | 'sealed'): Promise<StartedProcess> {
  const env = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent', ADMIN_EMAIL: 'admin@example.org', ADMIN_PASSWORD: 'admin-password', ...UNLIMITED };
  return startProcess([fileURLToPath(new URL('./whole-process.ts', import.meta.url)), how], env);
}

/** Milliseconds of computing for a task with its mail, all threads of the process, until it is at rest again. */
async function computingUntilDone(started: StartedProcess): Promise<number> {
  const load = { ...(await commandLoadOf(started.port)), connections: 8, seconds: 1 };
  const before = started.computed();
  const { requests, refused } = await runLoad(load);
  if (refused > 0) throw new Error(`${refused} of ${requests} requests were refused`);
  return ((await computedAtRest(started)) - before) / requests;
}

/** Milliseconds of computing in all, once a second needs no more than a process that has nothing to do. */
async function computedAtRest(started: StartedProcess): Promise<number> {
  for (let last = started.computed(); ; ) {
    await sleep(1_000);
    const now = started.computed();
    if (now - last <= AT_REST) return last;
    last = now;
  }
}

/** Milliseconds of computing for a command, all threads of the process. */
async function computing(started: StartedProcess): Promise<number> {
  const load = { ...(await commandLoadOf(started.port)), seconds: SECONDS };
  const before = started.computed();
  const { requests, refused } = await runLoad(load);
  // On a machine that is busy with other things some wait too long; their processor time counts as that of the others.
  if (refused > requests / 20) throw new Error(`${refused} of ${requests} requests were refused`);
  return (started.computed() - before) / requests;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await benchSeal((row) => process.stdout.write(`${line(row)}\n`));
