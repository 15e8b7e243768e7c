/** Every part as a process of its own, and the proxy before them: what docker-compose.yml starts, without docker. For `npm run servers -- --all`. */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHECKOUT } from '../app/checkout-folder.ts';
import { ALL_PARTS, type Part } from '../app/parts.ts';
import { freePort } from './free-port.ts';
import { BEHIND, startProxy } from './proxy.ts';
import { folderFor, type Server, startServer } from './server.ts';

/** Run as its own process, as an operator does; nothing is imported from it. */
const MAIN = join(CHECKOUT, 'main.ts');
const DOUBLE = fileURLToPath(new URL('../platform/event-store/double/main.ts', import.meta.url));

/** The variables of a part's process. */
export type Variables = Readonly<Record<string, string>>;

export interface AllParts {
  /** The address of the proxy, and so of all parts. */
  url: string;
  /** The processes of the parts, each with its own address. */
  parts: readonly Server[];
  /** The variables that all parts were given, those made up here among them. */
  variables: Variables;
  /** The line in which the first admin's password is told, once; null where it was given, or the admin is there already. */
  told: string | null;
  /** Ends the proxy, then the parts as an operator does (SIGTERM). */
  stop(): Promise<void>;
}

/**
 * Starts all parts on the servers that `given` names, behind one proxy, and waits until each is ready. What an installation needs besides (secrets,
 * PUBLIC_URL) is made up where it is not given. Errors: a part that does not start, with the end of its log.
 */
export async function startAllParts(given: Variables): Promise<AllParts> {
  const place = await folderFor('taskledger-all', undefined);
  const port = Number(given.PORT ?? (await freePort()));
  const variables: Variables = {
    HOST: '127.0.0.1',
    TRUST_PROXY: '1',
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATA_DIR: join(place.folder, 'data'),
    // A folder that has its own name may be shared.
    FILES_URL: `file:${join(place.folder, 'files')}`,
    JWT_SECRET: randomBytes(32).toString('base64url'),
    ADMIN_EMAIL: 'admin@localhost.localdomain',
    ...given,
  };
  const parts: Server[] = [];
  try {
    const starts = ALL_PARTS.map(async (part) => void parts.push(await startPart(part, variables)));
    const failed = (await Promise.allSettled(starts)).find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    const addresses = BEHIND.map((part) => [part, parts.filter(({ name }) => name === part).map(({ url }) => url)]);
    const proxy = await startProxy(Object.fromEntries(addresses), port);
    const gateway = parts.find(({ name }) => name === 'gateway');
    return {
      url: proxy.url,
      told: gateway ? toldIn(await readFile(join(gateway.folder, 'log'), 'utf8')) : null,
      parts,
      variables,
      stop: async () => {
        await proxy.stop();
        await endAll(parts);
        await rm(place.folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await endAll(parts);
    await rm(place.folder, { recursive: true, force: true });
    throw error;
  }
}

/** The line of the gateway's output that tells the first admin's password. */
function toldIn(output: string): string | null {
  return /^The first admin is .*$/m.exec(output)?.[0] ?? null;
}

/** Starts the double of EventStoreDB, which keeps its log in a temporary folder: for trying, not for keeping. */
export async function startEventStoreDouble(): Promise<Server> {
  const port = await freePort();
  const place = await folderFor('event-store-double', undefined);
  return startServer({
    name: 'event-store-double',
    url: `esdb://127.0.0.1:${port}?tls=false`,
    port,
    ...place,
    command: [process.execPath, DOUBLE, '--folder', join(place.folder, 'log-of-events'), '--port', String(port)],
    answers: () => fetch(`http://127.0.0.1:${port}/`).then(() => undefined, refused),
  });
}

/** Anything but a refused connection is an answer: the double speaks HTTP/2 alone. */
function refused(error: Error): void {
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED') throw error;
}

async function startPart(part: Part, variables: Variables): Promise<Server> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return startServer({
    name: part,
    url,
    port,
    ...(await folderFor(part, undefined)),
    command: [process.execPath, MAIN, part],
    env: { ...variables, PORT: String(port) },
    answers: async () => {
      const { ok, status } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      if (!ok) throw new Error(`it is not ready: ${status}`);
    },
  });
}

async function endAll(parts: readonly Server[]): Promise<void> {
  await Promise.all(parts.map((part) => part.stop()));
  await Promise.all(parts.map((part) => part.close()));
}
