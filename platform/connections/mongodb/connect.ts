/** A connection to a server that speaks MongoDB's protocol: MongoDB 4.4 or later, or FerretDB 1.24 (a stand-in for work and tests). */
import { LRUCache } from 'lru-cache';
import { type Db, MongoClient, type MongoClientOptions, ReadConcern } from 'mongodb';
import { type Gate, gate } from '../../concurrency/gate.ts';
import { type Reaching, reach, ServerRefused, withoutSecrets } from '../reach.ts';
import { claimMongo } from './claim.ts';
import { mongodbRefusalOf } from './errors.ts';
import { answersOtherwise } from './greeting.ts';

export interface MongoConnecting {
  /** The purpose of the connection, as `the read models`: named in logs and errors. */
  what: string;
  /** The variable of the environment that holds the URL: named in the error where the URL is wrong. */
  variable: string;
  /** The database that is used where the URL names none. */
  database: string;
  /** The installation whose the database is to be, marked as claim.ts says; null: nobody asks whose it is. */
  installation?: string | null | undefined;
  /** Makes what every user of the connection finds there, as indexes; until it succeeds, the server counts as one that does not answer. */
  prepare?(server: MongoServer): Promise<void>;
}

export interface MongoServer {
  client: MongoClient;
  /** Its reads see what a majority has; its writes are answered once a majority has them in its journal, where there is more than one server. */
  db: Db;
  /**
   * True where an update finds its document and changes it in one step. FerretDB reads, then writes, and of two at once one is lost:
   * there, a writer needs its turn (turns.ts).
   */
  atomic: boolean;
  /** True where only a query for one _id is fast, and every other reads the whole collection: FerretDB. */
  scans: boolean;
  /**
   * The gate of queries for one _id in a collection, of which there may be many at once: what passes it leaves connections to everything else, and half
   * of the gate to other collections, whatever becomes of its own.
   */
  singly(collection: string): Gate;
}

/** Connections of a client, and queries for one _id that are under way at once. More would wait for a connection until their patience ends. */
const POOL = 20;
const SINGLE_QUERIES = 8;
const OF_ONE_COLLECTION = SINGLE_QUERIES / 2;
/** Collections whose gates are remembered. */
const GATES = 1_000;

/**
 * Nobody waits long for a server that is gone: a request gets its 503 in a second, and a server that stands still is noticed in three
 * (`heartbeatFrequencyMS` + `connectTimeoutMS`), which fails all that was asked of it.
 */
const OPTIONS: MongoClientOptions = {
  appName: 'taskledger',
  serverSelectionTimeoutMS: 1_000,
  connectTimeoutMS: 2_000,
  heartbeatFrequencyMS: 1_000,
  waitQueueTimeoutMS: 2_000,
  maxPoolSize: POOL,
  ignoreUndefined: true,
};
const OLDEST = [4, 4];

/** Connects, and waits for the server. Errors: ServerRefused; the signal's reason. */
export async function connectMongo(url: string, connecting: MongoConnecting, reaching: Reaching): Promise<MongoServer> {
  const server = `${connecting.what} at ${withoutSecrets(url)}`;
  return reach(
    server,
    async () => {
      const client = clientOf(url, connecting.variable);
      try {
        const greeted = await greet(client, databaseOf(url) ?? connecting.database, server);
        await claimMongo(greeted, connecting, connecting.installation ?? null);
        await connecting.prepare?.(greeted);
        return greeted;
      } catch (error) {
        await client.close();
        throw (
          mongodbRefusalOf(server, error) ??
          ((await answersOtherwise(client)) ? new ServerRefused(`${server} is no MongoDB: it answers otherwise`) : error)
        );
      }
    },
    reaching,
  );
}

function clientOf(url: string, variable: string): MongoClient {
  try {
    return new MongoClient(url, OPTIONS);
  } catch {
    // The driver's message may hold the password.
    throw new ServerRefused(`${variable} is not a connection string of MongoDB, as mongodb://user:password@host:27017/database`);
  }
}

async function greet(client: MongoClient, database: string, server: string): Promise<MongoServer> {
  await client.connect();
  const admin = client.db('admin');
  const [hello, build] = [await admin.command({ hello: 1 }), await admin.command({ buildInfo: 1 })];
  const version: number[] = build.versionArray ?? [];
  if (isOlder(version, OLDEST)) throw new ServerRefused(`${server} is too old: version ${build.version}, and ${OLDEST.join('.')} or later is needed`);
  const ferret = 'ferretdbVersion' in build;
  const db = client.db(database, safety(ferret, Boolean(hello.setName) || hello.msg === 'isdbgrid'));
  // A user who may not even read is refused here, and not at the first request.
  await db.collection('_models').findOne({ _id: { $eq: '' as never } });
  return { client, db, atomic: !ferret, scans: ferret, singly: gates() };
}

/** The gates of all collections: each within the one of all. */
function gates(): (collection: string) => Gate {
  const all = gate(SINGLE_QUERIES);
  const each = new LRUCache<string, Gate>({ max: GATES });
  return (collection) => {
    const own = each.get(collection) ?? gate(OF_ONE_COLLECTION);
    each.set(collection, own);
    return (work) => own(() => all(work));
  };
}

function safety(ferret: boolean, replicated: boolean): NonNullable<Parameters<MongoClient['db']>[1]> {
  if (ferret) return {};
  if (!replicated) return { writeConcern: { w: 1, journal: true } };
  return { writeConcern: { w: 'majority', journal: true }, readConcern: new ReadConcern('majority'), readPreference: 'primary' };
}

function isOlder([major = 0, minor = 0]: number[], [oldestMajor = 0, oldestMinor = 0]: number[]): boolean {
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}

/** The database that a URL names; undefined where it names none. */
function databaseOf(url: string): string | undefined {
  const name = /^[^:]+:\/\/[^/]*\/([^?]+)/.exec(url)?.[1];
  return name && decodeURIComponent(name);
}
