/**
 * `npm run servers`: the servers that are installed here, on free ports of the loopback and in temporary folders, until Ctrl-C. Its output can be
 * pasted into a shell or into `.env` as it is. `npm run servers -- --all` starts every part and the proxy on them, too.
 */
import { parseArgs } from 'node:util';
import { startAllParts, startEventStoreDouble, type Variables } from './all-parts.ts';
import { isBuilt } from './build-ferretdb.ts';
import { isBuilt as isS3Built } from './build-versitygw.ts';
import * as ferretdb from './ferretdb.ts';
import { missing as missingProxy } from './proxy.ts';
import * as rabbitmq from './rabbitmq.ts';
import * as redis from './redis.ts';
import { S3_ACCOUNT } from './s3-server.ts';
import type { Server } from './server.ts';
import * as versitygw from './versitygw.ts';

interface Row {
  missing: string | null;
  /** The variables that name the server: where all of them are set, another server is meant, and none is started. */
  names: readonly string[];
  start(): Promise<Started>;
}

interface Started {
  server: Server;
  /** The URLs for the variables of the row. */
  urls: readonly string[];
  /** What else to say of it, for people. */
  says?: string;
}

const EVENT_STORE: Row = {
  missing: null,
  names: ['EVENT_STORE_URL'],
  start: async () => {
    const server = await startEventStoreDouble();
    const says = 'EventStoreDB is the double of the tests, and its log goes with it: set EVENT_STORE_URL for a real one';
    return { server, urls: [server.url], says };
  },
};
const ROWS: readonly Row[] = [
  {
    missing: rabbitmq.missing(),
    names: ['BUS_URL'],
    start: async () => {
      const server = await rabbitmq.startRabbitMq();
      return { server, urls: [server.url], says: `RabbitMQ shows itself at http://127.0.0.1:${server.managementPort} (guest, guest)` };
    },
  },
  {
    missing: ferretdb.missing(),
    names: ['READ_MODELS_URL', 'SECRETS_URL'],
    start: async () => {
      const server = await ferretdb.startFerretDb();
      return { server, urls: [`${server.url}read_models`, `${server.url}secrets`] };
    },
  },
  {
    missing: redis.missing(),
    names: ['CACHE_URL'],
    start: async () => {
      const server = await redis.startRedis();
      return { server, urls: [server.url] };
    },
  },
  {
    missing: versitygw.missing(),
    names: ['FILES_URL', 'S3_ACCESS_KEY', 'S3_SECRET_KEY'],
    start: async () => {
      const server = await versitygw.startVersityGw();
      return { server, urls: [server.url, S3_ACCOUNT.accessKey, S3_ACCOUNT.secretKey] };
    },
  },
];

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
const say = (line: string) => process.stdout.write(`${line}\n`);
const isGiven = ({ names }: Row) => values.all && names.every((name) => process.env[name]);

const over = Promise.withResolvers<void>();
const parent = process.ppid;
const isOver = { yet: false };
const end = () => {
  isOver.yet = true;
  over.resolve();
};
process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
// When npm is killed, it does not tell the process that it runs.
if (process.env.npm_lifecycle_event === 'servers') setInterval(() => process.ppid !== parent && end(), 500);

const wanted = [...(values.all ? [EVENT_STORE] : []), ...ROWS].filter((one) => !isGiven(one));
const closers: (() => Promise<unknown>)[] = [];
const variables: Record<string, string> = {};

/** Starts a server, and says the variables that name it. */
async function startOne({ missing, names, start }: Row): Promise<void> {
  if (missing) {
    say(`# missing: ${missing}`);
    return;
  }
  const { server, urls, says } = await start();
  closers.push(server.close);
  for (const [index, name] of names.entries()) {
    variables[name] = urls[index] ?? '';
    say(`${name}=${variables[name]}`);
  }
  if (says) say(`# ${says}`);
}

function sayWhatIsBuilt(): void {
  if (!ferretdb.missing() && !isBuilt()) say('# building FerretDB, once: a minute or two');
  if (!versitygw.missing() && !isS3Built()) say('# building versitygw, once: some minutes');
}

/** Starts the servers, then, where all is asked for, the parts and the proxy. Rejects with the first error. */
async function startWanted(): Promise<void> {
  sayWhatIsBuilt();
  if (!values.all) say('# EVENT_STORE_URL is not among them: EventStoreDB cannot be installed from a package; docker-compose.yml has it.');
  const failed = (await Promise.allSettled(wanted.map(startOne))).filter((result) => result.status === 'rejected');
  if (failed.length > 0) throw new Error(failed.map(({ reason }) => (reason as Error).message).join('\n'));
  if (!values.all || isOver.yet) return;
  const set = Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => Boolean(entry[1])));
  const all = await startAllParts({ ...variables, ...set } satisfies Variables);
  closers.push(all.stop);
  for (const { name, url, folder } of all.parts) say(`# ${name}: ${url}, log in ${folder}/log`);
  say(`# ${all.told ?? `${all.variables.ADMIN_EMAIL} logs in with the password that you gave`}`);
  say(`# all of it: ${all.url}`);
}

const needed = values.all ? [...wanted.map(({ missing }) => missing), missingProxy()].filter((one) => one !== null) : [];
if (needed.length > 0) {
  process.stderr.write(`${needed.map((one) => `missing: ${one}`).join('\n')}\n`);
  process.exit(1);
}
const starting = startWanted().then(
  () => true,
  (error: Error) => {
    process.stderr.write(`${error.message}\n`);
    return false;
  },
);
const isStarted = await Promise.race([starting, over.promise.then(() => true)]);
if (isStarted && !isOver.yet) say('# ready; Ctrl-C stops them');
if (isStarted) await over.promise;
for (const close of closers.toReversed()) await close();
// Servers that are still starting end with this process.
process.exit(isStarted ? 0 : 1);
