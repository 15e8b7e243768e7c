/** The system as several processes on real servers, behind one port: the set that compose runs, without docker. EventStoreDB is its double. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALL_PARTS, type Part } from '../app/parts.ts';
import { ferretDb, rabbitMq, redis, type ServerForTests } from '../servers/for-tests.fixture.ts';
import { BEHIND, missing as missingProxy, startProxy } from '../servers/proxy.ts';
import { type Program, runProgram, runScript } from './program.fixture.ts';
import { ADMIN, JWT_SECRET, type System, systemAt } from './system.fixture.ts';

const DOUBLE = fileURLToPath(new URL('../platform/event-store/double/main.ts', import.meta.url));

/** The proxy before the parts. */
export const nginx: ServerForTests = { name: 'nginx', missing: missingProxy(), url: async () => '' };

/** Starts of a process that a supervisor tries. */
const STARTS = 5;

/** The servers that it needs, for `describeWith`. */
export const DISTRIBUTED = [rabbitMq, ferretDb, redis, nginx];

/** The process of a part, which a test may end and start again at the same address. */
export interface PartProcess {
  part: Part;
  url(): string;
  program(): Program;
  kill(): Promise<void>;
  /** Starts it as a supervisor does: again, where it ended with code 1 because what it needs was lost on the way. */
  start(): Promise<void>;
}

export interface Distributed extends System {
  parts: readonly PartProcess[];
  of(part: Part): PartProcess[];
  /** The variables of every part. */
  env: Record<string, string>;
  /** The output of all processes. */
  output(): string;
  remove(): Promise<void>;
}

export interface DistributedOptions {
  /** Variables beside, or instead of, those that it sets, as the URLs of other servers. */
  env?: Record<string, string>;
  /** Variables of one part, instead of those of all. */
  envOf?: Partial<Record<Part, Record<string, string>>>;
  /** The number of processes of a part; default: one of each. */
  copies?: Partial<Record<Part, number>>;
}

/** Starts every part on the shared servers of the run, where each call gets its own place. */
export async function openDistributed({ env: more = {}, envOf = {}, copies = {} }: DistributedOptions = {}): Promise<Distributed> {
  const folder = mkdtempSync(join(tmpdir(), 'distributed-'));
  const double = more.EVENT_STORE_URL ? null : runScript(DOUBLE, ['--folder', join(folder, 'events')], {});
  const env: Record<string, string> = {
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    DATA_DIR: folder,
    JWT_SECRET,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    UNCONFIRMED: 'all',
    TRUST_PROXY: '1',
    PUBLIC_URL: 'http://127.0.0.1:3000',
    EVENT_STORE_URL: (await double?.line(/^esdb:\S+/)) ?? '',
    BUS_URL: more.BUS_URL ?? (await rabbitMq.vhost()),
    READ_MODELS_URL: more.READ_MODELS_URL ?? (await ferretDb.database()),
    SECRETS_URL: more.SECRETS_URL ?? (await ferretDb.database()),
    FILES_URL: `file:${join(folder, 'files')}`,
    CACHE_URL: more.CACHE_URL ?? (await redis.database()),
    ...more,
  };
  const parts = ALL_PARTS.flatMap((part) => Array.from({ length: copies[part] ?? 1 }, () => partProcess(part, env, envOf[part])));
  const remove = async () => {
    await Promise.all(parts.map((one) => one.kill()));
    await double?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(parts.map((one) => one.start()));
    const of = (part: Part) => parts.filter((one) => one.part === part);
    const proxy = await startProxy(Object.fromEntries(BEHIND.map((part) => [part, of(part).map((one) => one.url())])));
    return {
      ...(await systemAt(() => proxy.url, ADMIN, { confirms: env.MAIL_URL?.startsWith('smtp') === true })),
      parts,
      of,
      env,
      output: () => parts.map(({ program }) => `${program().stdout()}${program().stderr()}`).join(''),
      remove: async () => {
        await proxy.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function partProcess(part: Part, env: Record<string, string>, own: Record<string, string> = {}): PartProcess {
  let running: Program | undefined;
  let url = '';
  const program = () => {
    if (!running) throw new Error(`${part} was not started`);
    return running;
  };
  return {
    part,
    program,
    url: () => url,
    kill: async () => {
      await running?.end('SIGKILL');
    },
    start: async () => {
      for (let starts = 1; ; starts++) {
        running = runProgram([part], { ...env, ...own, PORT: url ? new URL(url).port : '0' });
        const started = await running.url().catch((error: Error) => error);
        if (typeof started === 'string') {
          url = started;
          return;
        }
        // One that is too slow goes on, and would never end.
        if (starts === STARTS || running.runs() || (await running.ended).code !== 1) throw started;
        process.stdout.write(`  ${part} ended while it started: ${running.stderr().trim().split('\n').at(-1)}\n`);
      }
    },
  };
}
