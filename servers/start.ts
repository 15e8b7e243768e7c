/**
 * `npm run servers`: the servers that are installed here, on free ports of the loopback and in temporary folders, until Ctrl-C.
 * Its output can be pasted into a shell or into `.env` as it is.
 */
import { isBuilt } from './build-ferretdb.ts';
import * as ferretdb from './ferretdb.ts';
import * as rabbitmq from './rabbitmq.ts';
import * as redis from './redis.ts';
import type { Server } from './server.ts';

interface Row {
  missing: string | null;
  start(): Promise<Server>;
  /** The variables that name the server, as lines with its URL. */
  variables(url: string): string[];
}

const ROWS: Row[] = [
  { missing: rabbitmq.missing(), start: () => rabbitmq.startRabbitMq(), variables: (url) => [`BUS_URL=${url}`] },
  {
    missing: ferretdb.missing(),
    start: () => ferretdb.startFerretDb(),
    variables: (url) => [`READ_MODELS_URL=${url}read_models`, `SECRETS_URL=${url}secrets`],
  },
  { missing: redis.missing(), start: () => redis.startRedis(), variables: (url) => [`CACHE_URL=${url}`] },
];

const say = (line: string) => process.stdout.write(`${line}\n`);

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

if (!ferretdb.missing() && !isBuilt()) say('# building FerretDB, once: a minute or two');
const servers: Server[] = [];
const starts = ROWS.map(async ({ missing, start, variables }) => {
  if (missing) return say(`# missing: ${missing}`);
  const server = await start();
  servers.push(server);
  for (const line of variables(server.url)) say(line);
});
say('# EVENT_STORE_URL is not among them: EventStoreDB cannot be installed from a package; docker-compose.yml has it.');
const results = await Promise.race([Promise.allSettled(starts), over.promise]);
for (const result of results ?? []) if (result.status === 'rejected') process.stderr.write(`${(result.reason as Error).message}\n`);
const failed = (results ?? []).some((result) => result.status === 'rejected');
if (!isOver.yet && !failed) say('# ready; Ctrl-C stops them');
if (!failed) await over.promise;
await Promise.all(servers.map((server) => server.close()));
// Servers that are still starting end with this process.
process.exit(failed ? 1 : 0);
