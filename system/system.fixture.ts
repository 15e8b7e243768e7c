/**
 * The system under test: its own process on a new folder; or, where SYSTEM_URL names one, a system that somebody else started
 * (a distributed set), with SYSTEM_ADMIN_EMAIL and SYSTEM_ADMIN_PASSWORD. On such a system path, bad-input and fuzz can run, one after the other:
 * `vitest run --no-file-parallelism system/path system/bad-input system/fuzz`; tests that need a variable or a kill are skipped there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Call, caller, logIn, succeeding, type User } from './client.fixture.ts';
import { type Ended, type Program, runProgram } from './program.fixture.ts';

/** True where the system was started by somebody else. */
export const isGiven = Boolean(process.env.SYSTEM_URL);

export interface System {
  url(): string;
  /** Sends a request without a token. */
  call: Call;
  admin: User;
  /** Registers a user with a new address, and logs in. */
  register(name: string): Promise<User>;
}

/** A system of one process, which the test may end and start again. */
export interface Installation extends System {
  dataDir: string;
  env: Record<string, string>;
  program(): Program;
  /** Starts the process again, at the same address. */
  start(): Promise<void>;
  stop(): Promise<Ended>;
  kill(): Promise<Ended>;
  /** The output of all of its processes. */
  output(): string;
  remove(): Promise<void>;
}

export const ADMIN = { name: 'Administrator', email: 'admin@localhost.localdomain', password: 'the admin of the tests' };
export const JWT_SECRET = 'a secret of the tests, thirty-two and more';

/** Starts an installation in its own folder. */
export async function openInstallation(more: Record<string, string> = {}): Promise<Installation> {
  const dataDir = mkdtempSync(join(tmpdir(), 'system-'));
  const env: Record<string, string> = {
    DATA_DIR: dataDir,
    PORT: '0',
    LOG_LEVEL: 'warn',
    ADMIN_PASSWORD: ADMIN.password,
    UNCONFIRMED: 'all',
    JWT_SECRET,
    ...more,
  };
  const programs: Program[] = [];
  let url = '';

  async function start(): Promise<void> {
    const program = runProgram([], env);
    programs.push(program);
    url = await program.url();
    // Sockets come back to where they were.
    env.PORT = new URL(url).port;
  }
  const program = () => programs.at(-1) as Program;

  await start();
  return {
    ...(await systemAt(() => url, ADMIN)),
    dataDir,
    env,
    program,
    start,
    stop: () => program().end('SIGTERM'),
    kill: () => program().end('SIGKILL'),
    output: () => programs.map((one) => `${one.stdout()}${one.stderr()}`).join(''),
    remove: async () => {
      await program().end('SIGKILL');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Opens the given system, or a new installation. `remove` leaves a given one as it is. */
export async function openSystem(
  env: Record<string, string> = {},
): Promise<System & { remove(): Promise<void>; output?(): string; dataDir?: string }> {
  const { SYSTEM_URL, SYSTEM_ADMIN_EMAIL = ADMIN.email, SYSTEM_ADMIN_PASSWORD = ADMIN.password } = process.env;
  if (!SYSTEM_URL) return openInstallation(env);
  const system = await systemAt(() => SYSTEM_URL, { ...ADMIN, email: SYSTEM_ADMIN_EMAIL, password: SYSTEM_ADMIN_PASSWORD });
  return { ...system, remove: async () => {} };
}

/** The system at an address, with its admin logged in. `confirms`: users are confirmed by the admin as they register, so that they are mailed. */
export async function systemAt(url: () => string, account: Pick<User, 'name' | 'email' | 'password'>, { confirms = false } = {}): Promise<System> {
  const call = caller(url);
  const admin = await logIn(url, account);
  return {
    url,
    call,
    admin,
    register: async (name) => {
      const account = {
        name,
        email: `${name.toLowerCase()}.${crypto.randomUUID()}@example.org`,
        password: `a long phrase ${crypto.randomUUID()}`,
      };
      const { body } = await succeeding(call)('POST /api/users', account);
      if (confirms) await admin.ok(`POST /api/users/${body.id}/confirm`);
      return logIn(url, account);
    },
  };
}
