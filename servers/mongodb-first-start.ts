/**
 * A one-shot service of docker-compose.yml: `node servers/mongodb-first-start.ts mongodb:27017` makes a MongoDB that was started with --replSet
 * a replica set of one, with the users of mongodb.env: its first one, and for each database one that the parts are. A MongoDB that is a replica set already
 * stays one; the users' passwords and rights become what they should be, at every start.
 */
import { pathToFileURL } from 'node:url';
import { MongoClient, MongoServerError } from 'mongodb';
import { type Reaching, reach, ServerRefused } from '../platform/connections/reach.ts';
import { openProcessLog } from '../platform/log.ts';

export const REPLICA_SET = 'rs0';

/** Sends a command to the server's `admin` database and answers its reply. */
export type AskMongo = (command: Record<string, unknown>) => Promise<Record<string, unknown>>;

/** Makes the server a replica set where it is none. Resolves when the server takes writes; rejects while it does not. */
export async function initiate(ask: AskMongo, host: string): Promise<void> {
  const hello = await ask({ hello: 1 });
  if (hello.isWritablePrimary === true && hello.setName === REPLICA_SET) return;
  if (hello.setName === undefined) {
    const config = { _id: REPLICA_SET, members: [{ _id: 0, host }] };
    await ask({ replSetInitiate: config }).catch(unlessInitiated);
  }
  throw new Error('it does not take writes yet');
}

/** A user of MongoDB who may read and write one database, and nothing else. */
export interface DatabaseUser {
  name: string;
  password: string;
  database: string;
}

/** Makes the users, or sets the passwords and rights of those that are there. */
export async function ensureUsers(ask: AskMongo, users: readonly DatabaseUser[]): Promise<void> {
  for (const { name, password, database } of users) {
    const what = { pwd: password, roles: [{ role: 'readWrite', db: database }] };
    await ask({ createUser: name, ...what }).catch(async (error) => {
      if (!(error instanceof MongoServerError) || error.code !== USER_EXISTS) throw error;
      await ask({ updateUser: name, ...what });
    });
  }
}

const ALREADY_INITIALIZED = 23;
const USER_EXISTS = 51003;

/** Throws an error, unless it says that another process, or an earlier try, has made the replica set. */
function unlessInitiated(error: unknown): void {
  if (!(error instanceof MongoServerError) || error.code !== ALREADY_INITIALIZED) throw error;
}

/** Error codes that waiting does not mend, with the words for the operator: wrong credentials, no such command, not started with --replSet. */
const REFUSALS = new Map([
  [18, 'refuses the user and the password'],
  [59, 'is no MongoDB: it has no replica sets'],
  [76, `was not started with --replSet ${REPLICA_SET}`],
]);

/** The first user of a MongoDB, who may do everything, and the users that it makes. */
export interface MongoUsers {
  root: { username: string; password: string };
  users: readonly DatabaseUser[];
}

/**
 * Connects and waits until the server at `host` (`name:port`, also for its clients) is a replica set, and has the users. Errors: ServerRefused; the
 * signal's reason.
 */
export async function firstStartOfMongo(host: string, given: MongoUsers | null, reaching: Reaching): Promise<void> {
  const what = `MongoDB at ${host}`;
  // Straight to this server: there may be no replica set yet.
  const options = { directConnection: true, serverSelectionTimeoutMS: 2_000, ...(given ? { auth: given.root } : {}) };
  async function once(): Promise<void> {
    const client = new MongoClient(`mongodb://${host}/?authSource=admin`, options);
    try {
      const ask: AskMongo = (command) => client.db('admin').command(command);
      await initiate(ask, host);
      await ensureUsers(ask, given?.users ?? []);
    } catch (error) {
      throw refusalOf(what, error) ?? error;
    } finally {
      await client.close();
    }
  }
  await reach(what, once, reaching);
}

function refusalOf(what: string, error: unknown): ServerRefused | undefined {
  const refusal = error instanceof MongoServerError ? REFUSALS.get(Number(error.code)) : undefined;
  return refusal === undefined ? undefined : new ServerRefused(`${what} ${refusal}.`);
}

/** The users by the variables of mongodb.env; null where it names none. */
export function usersIn(env: Record<string, string | undefined>): MongoUsers | null {
  const { MONGO_INITDB_ROOT_USERNAME: username = '', MONGO_INITDB_ROOT_PASSWORD: password = '' } = env;
  if (!username) return null;
  const user = (name: string, own: string | undefined, database: string) => (own ? [{ name, password: own, database }] : []);
  const users = [
    ...user('taskledger_read_models', env.MONGODB_READ_MODELS_PASSWORD, 'taskledger'),
    ...user('taskledger_secrets', env.MONGODB_SECRETS_PASSWORD, 'taskledger_secrets'),
  ];
  return { root: { username, password }, users };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const stopping = new AbortController();
  process.once('SIGTERM', () => stopping.abort());
  try {
    await firstStartOfMongo(process.argv[2] ?? 'mongodb:27017', usersIn(process.env), { log: openProcessLog({}), signal: stopping.signal });
  } catch (error) {
    process.stderr.write(`taskledger: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
