/** A process in which any port can be away: each of its calls then fails as the port says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { SecretsUnavailable } from '../gateway/identity/secrets/secrets.ts';
import { FateUnknown, ReceiverUnavailable } from '../notifier/sending.ts';
import type { Unavailable } from '../platform/absences/unavailable.ts';
import { CacheUnavailable } from '../platform/cache/cache.ts';
import { BusUnavailable } from '../platform/event-bus/event-bus.ts';
import { AppendUnknown, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { FilesUnavailable } from '../platform/files/files.ts';
import { ReadModelsUnavailable } from '../platform/read-models/read-models.ts';
import { readConfig } from './config.ts';
import { openPorts, type Ports } from './open-ports.ts';
import type { Need } from './parts.ts';
import { start } from './start.ts';

/** The errors of the ports that are away; the pages are files that were read at the start, and what is sealed is the store and the secrets. */
const AWAY: Readonly<Record<Exclude<Need, 'pages' | 'sealedLog' | 'personKeys'>, () => Unavailable>> = {
  store: () => new StoreUnavailable('it is away'),
  bus: () => new BusUnavailable('it is away'),
  readModels: () => new ReadModelsUnavailable(new Error('they are away')),
  secrets: () => new SecretsUnavailable('they are away'),
  cache: () => new CacheUnavailable('it is away'),
  mailer: () => new ReceiverUnavailable('smtp', 'it is away'),
  files: () => new FilesUnavailable('it is away'),
  texter: () => new ReceiverUnavailable('sms', 'it is away'),
};

export type Dependency = keyof typeof AWAY;
export const DEPENDENCIES = Object.keys(AWAY) as Dependency[];

/** Answers of ports that say by an answer, not by an error, that nobody answered. */
const INSTEAD: Record<string, (argument: readonly unknown[]) => unknown> = {
  'cache.get': (keys) => Promise.resolve(keys.map(() => undefined)),
  'cache.generations': () => Promise.resolve(undefined),
  'files.list': () => failingIteration('files'),
  // Whether a provider answers is known once something was sent: it is no question to it.
  'mailer.isUsable': () => true,
  'texter.isUsable': () => true,
};
/** Calls that return no promise but an iteration, or a value. */
const ITERATIONS = new Set(['readStream', 'readAll', 'subscribe', 'follow', 'all']);
const VALUES = new Set(['list', 'check', 'close', 'notSearched']);

export interface DependentProcess {
  url: string;
  /** From now on this dependency is away; null: none is. */
  lose(dependency: Dependency | null): void;
  /** The ports of the process, as they are: none of them is away, or fails. */
  ports: Pick<Ports, 'store' | 'readModels'>;
  stop(): Promise<void>;
}

/** The way in which a call fails: before anything is done, once all of it is done, or, of an iteration, behind its first page. */
export type Failing = 'before' | 'after';

/** Starts all parts in this process, on embedded stores in a folder of their own. `fails`: asked of each call, whether and how it is to fail. */
export async function openDependent(
  settings: Record<string, string>,
  fails: (call: { dependency: Dependency; member: string; args: readonly unknown[] }) => Failing | null = () => null,
): Promise<DependentProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'absence-'));
  let lost: Dependency | null = null;
  let whole: Partial<Pick<Ports, 'store' | 'readModels'>> = {};

  function losable<T extends object>(name: Dependency, port: T): T {
    const members = Object.entries(port).map(([member, value]) => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return [member, losable(name, value)];
      if (typeof value !== 'function' || member === 'close' || member === 'check') return [member, value];
      return [
        member,
        (...args: unknown[]) => {
          const how = lost === name ? 'before' : fails({ dependency: name, member, args });
          if (how === null) return value(...args);
          return how === 'before' ? failing(name, member, args) : failingAfter(value(...args), errorAfter(name, member));
        },
      ];
    });
    return Object.fromEntries(members) as T;
  }

  const ports: typeof openPorts = async (...args) => {
    const opened = await openPorts(...args);
    const known = new Map<string, object>();
    whole = opened as typeof whole;
    return new Proxy(opened, {
      get: (all, name: string) => {
        const port = Reflect.get(all, name);
        if (!(name in AWAY)) return port;
        known.set(name, known.get(name) ?? losable(name as Dependency, port as object));
        return known.get(name);
      },
    });
  };
  const config = readConfig({ DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'silent', ...settings });
  const { url, stop } = await start(config, { ports });
  return {
    url,
    ports: whole as DependentProcess['ports'],
    lose: (dependency) => {
      lost = dependency;
    },
    stop: async () => {
      lost = null;
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function failing(name: Dependency, member: string, args: readonly unknown[]): unknown {
  const instead = INSTEAD[`${name}.${member}`];
  if (instead) return instead(args[0] as unknown[]);
  if (VALUES.has(member) && name !== 'secrets') throw AWAY[name]();
  return ITERATIONS.has(member) ? failingIteration(name) : Promise.reject(AWAY[name]());
}

/** The error of a call that was carried out; only appending and sending say that this may be. */
function errorAfter(name: Dependency, member: string): Error {
  if (name === 'store' && member === 'append') return new AppendUnknown('it is away');
  return member === 'send' ? new FateUnknown('it is away') : AWAY[name]();
}

function failingAfter(result: unknown, error: Error): unknown {
  if (result instanceof Promise)
    return result.then((answer: unknown) => {
      // A file that is open by now, and that nobody will read.
      if (isObject(answer) && 'stream' in answer && answer.stream instanceof Readable) answer.stream.destroy();
      throw error;
    });
  return isIteration(result) ? failingBehind(result, error) : result;
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const isIteration = (result: unknown): result is AsyncIterable<unknown> => isObject(result) && Symbol.asyncIterator in result;

async function* failingBehind(pages: AsyncIterable<unknown>, error: Error): AsyncGenerator<unknown> {
  for await (const page of pages) {
    yield page;
    break;
  }
  throw error;
}

// biome-ignore lint/correctness/useYield: it fails before there is anything to yield
async function* failingIteration(name: Dependency): AsyncGenerator<never> {
  throw AWAY[name]();
}
