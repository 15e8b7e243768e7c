/** Builds FerretDB from `ferretdb/`, once for each state of its sources. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findProgram } from './programs.ts';

const SOURCES = fileURLToPath(new URL('ferretdb', import.meta.url));
const BUILT = join(SOURCES, 'built');
const BUILD_MS = 600_000;

const findGo = () => findProgram('go', '/usr/local/go/bin/go');

/** The path of the program, with a hash of its sources in its name: another state of the sources is another program. */
function target(): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(SOURCES, file))).update('\0');
  return join(BUILT, `ferretdb-${hash.digest('hex').slice(0, 16)}`);
}

/** True where the program is built already. */
export const isBuilt = () => existsSync(target());

/** The reason why FerretDB cannot run here; null where it can. */
export function missing(): string | null {
  return isBuilt() || findGo() ? null : 'FerretDB is not built, and Go (1.24 or later), which builds it, is not installed (https://go.dev/dl)';
}

/** Builds the program, unless it is built already, and answers its path. Error: Go's, or that there is no Go. */
export async function buildFerretDb(): Promise<string> {
  const program = target();
  if (existsSync(program)) return program;
  await mkdir(BUILT, { recursive: true });
  const lock = await takeLock();
  try {
    if (!existsSync(program)) await build(program);
  } finally {
    lock.close();
  }
  return program;
}

async function build(program: string): Promise<void> {
  const go = findGo();
  if (!go) throw new Error(missing() ?? '');
  const unfinished = `${program}.unfinished`;
  // Without debug tables the build takes a third less time.
  await promisify(execFile)(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, '.'], {
    cwd: SOURCES,
    timeout: BUILD_MS,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOTELEMETRY: 'off' },
  });
  await rename(unfinished, program);
  for (const file of await readdir(BUILT)) if (file.startsWith('ferretdb-') && join(BUILT, file) !== program) await rm(join(BUILT, file));
}

/** Takes the lock of the build: one process builds. It is the system's (a transaction on an empty SQLite file) and goes with the process. */
async function takeLock(): Promise<DatabaseSync> {
  const db = new DatabaseSync(join(BUILT, 'lock'), { timeout: 0 });
  for (;;) {
    try {
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return db;
    } catch (error) {
      if ((error as { errcode?: number }).errcode !== 5) throw error;
      await sleep(200);
    }
  }
}

if (import.meta.main) await buildFerretDb();
