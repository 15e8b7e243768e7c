/** A server that is built by Go from a folder here, once for each state of its sources. */
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

const BUILD_MS = 900_000;
const findGo = () => findProgram('go', '/usr/local/go/bin/go');

/** The sources of a program. */
export interface GoProgram {
  /** The folder beside this file, and the beginning of the program's name. */
  name: string;
  /** What people call it. */
  title: string;
  /** The files that say what is built. */
  sources: readonly string[];
  /** The package that is built, as Go names it. */
  package: string;
  /** The oldest Go that builds it. */
  go: string;
}

/** A program that may be built already. */
export interface BuiltByGo {
  isBuilt(): boolean;
  /** The reason why it cannot run here; null where it can. */
  missing(): string | null;
  /** Builds it, unless it is built already, and answers its path. Error: Go's, or that there is no Go. */
  build(): Promise<string>;
}

/**
 * Describes a program. The path of the built one has a hash of its sources in its name: another state of the sources is another program.
 *
 *     const ferretDb = builtByGo({ name: 'ferretdb', title: 'FerretDB', sources: ['go.mod', 'go.sum', 'main.go'], package: '.', go: '1.24' });
 */
export function builtByGo({ name, title, sources, package: what, go: oldest }: GoProgram): BuiltByGo {
  const folder = fileURLToPath(new URL(name, import.meta.url));
  const built = join(folder, 'built');
  const target = () => {
    const hash = createHash('sha256');
    for (const file of sources) hash.update(readFileSync(join(folder, file))).update('\0');
    return join(built, `${name}-${hash.digest('hex').slice(0, 16)}`);
  };
  const isBuilt = () => existsSync(target());
  const missing = () =>
    isBuilt() || findGo() ? null : `${title} is not built, and Go (${oldest} or later), which builds it, is not installed (https://go.dev/dl)`;

  async function make(program: string): Promise<void> {
    const go = findGo();
    if (!go) throw new Error(missing() ?? '');
    const unfinished = `${program}.unfinished`;
    // Without debug tables the build takes a third less time.
    await promisify(execFile)(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', unfinished, what], {
      cwd: folder,
      timeout: BUILD_MS,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local', GOTELEMETRY: 'off' },
    });
    await rename(unfinished, program);
    const others = (await readdir(built)).filter((file) => file.startsWith(`${name}-`) && join(built, file) !== program);
    for (const file of others) await rm(join(built, file));
  }

  return {
    isBuilt,
    missing,
    build: async () => {
      const program = target();
      if (existsSync(program)) return program;
      await mkdir(built, { recursive: true });
      const lock = await takeLock(join(built, 'lock'));
      try {
        if (!existsSync(program)) await make(program);
      } finally {
        lock.close();
      }
      return program;
    },
  };
}

/** Takes the lock of the build: one process builds. It is the system's (a transaction on an empty SQLite file) and goes with the process. */
async function takeLock(path: string): Promise<DatabaseSync> {
  const db = new DatabaseSync(path, { timeout: 0 });
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
