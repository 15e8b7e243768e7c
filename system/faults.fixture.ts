/**
 * One world for all faults: its own servers, each part as its own process, and connections between them (`ways`) that can be cut. The forwarder has
 * its own way to the event store, so that its subscription can be cut apart from the appends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_PARTS } from '../app/parts.ts';
import { openSealing } from '../app/sealing.ts';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { startTcpProxy, type TcpProxy } from '../platform/event-store/double/tcp-proxy.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { sealedStore } from '../platform/sealing/sealed-store.ts';
import { type FerretDb, type RabbitMq, type Server, startFerretDb, startRabbitMq, startRedis } from '../servers/for-tests.fixture.ts';
import { logIn, type User } from './client.fixture.ts';
import { type Distributed, openDistributed } from './distributed.fixture.ts';
import { type Watching, watchTasks } from './faults-live.fixture.ts';
import type { Command } from './faults-load.fixture.ts';
import { type MailReceiver, startMailReceiver } from './faults-mail.fixture.ts';
import type { Order } from './faults-orders.fixture.ts';
import { rulesFile } from './orders.fixture.ts';
import { type StoreServer, startStoreServer } from './store-server.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

/** Milliseconds after which the users log in again: tokens are good for 15 minutes. */
const LOGGED_IN = 6 * 60_000;

const COPIES = { forwarder: 2, projections: 2, notifier: 2 };
/** The number of processes of ours in the world. */
export const PROCESSES = ALL_PARTS.length + Object.values(COPIES).reduce((more, copies) => more + copies - 1, 0);

export interface FaultWorld {
  system: Distributed;
  broker: RabbitMq;
  documents: FerretDb;
  cache: Server;
  storeServer: StoreServer;
  /** The proxies through which the parts reach the servers. */
  ways: { broker: TcpProxy; store: TcpProxy; forwarderToStore: TcpProxy };
  /** The log, read without a proxy. */
  log: EventStore;
  mails: MailReceiver;
  /** A page that is open all the time. */
  live: Watching;
  /** Two members and the admin, logged in. */
  users(): Promise<{ alice: User; bob: User; admin: User }>;
  /** All commands on tasks, of every load. */
  commands: Command[];
  /** All orders, of every load. */
  orders: Order[];
  /** The ids of processes that were killed: their leases last until their time is over. */
  killed: Set<number>;
  /** The time (as of events) at which a queue of offers was last lost: items that waited then are offered again a minute later. */
  offersLost: string;
  /** The number of rounds so far. */
  rounds: number;
  /** Up to where read models were compared with new ones: the round, and the position in the log. */
  compared: { rounds: number; position: string };
  close(): Promise<void>;
}

/** Starts the world, which takes half a minute. */
export async function openFaultWorld(): Promise<FaultWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const closing = <T>(opened: T, close: (it: T) => unknown): T => {
    closers.push(() => close(opened));
    return opened;
  };
  const close = async () => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  try {
    const [broker, documents, cache, mails, storeServer] = await Promise.all([
      startRabbitMq(),
      startFerretDb(),
      startRedis(),
      startMailReceiver(),
      startStoreServer(folder),
    ]);
    for (const server of [broker, documents, cache]) closing(server, (it) => it.close());
    closing(mails, (it) => it.stop());
    closing(storeServer, (it) => it.kill());
    const [toBroker, toStore, forwarderToStore] = await Promise.all([broker.port, storeServer.port, storeServer.port].map(startTcpProxy));
    if (!toBroker || !toStore || !forwarderToStore) throw new Error('no proxies');
    for (const way of [toBroker, toStore, forwarderToStore]) closing(way, (it) => it.close());
    const sealed = closing(await openEventStore(storeUrl(storeServer.port), { dataDir: folder, log: { error: () => {} } }), (it) => it.close());
    const system = closing(
      await openDistributed({
        env: {
          EVENT_STORE_URL: storeUrl(toStore.port),
          BUS_URL: `amqp://guest:guest@127.0.0.1:${toBroker.port}`,
          READ_MODELS_URL: `${documents.url}read_models`,
          SECRETS_URL: `${documents.url}secrets`,
          CACHE_URL: cache.url,
          MAIL_URL: mails.url,
          ...UNLIMITED,
          // What cannot be sent while a server is away is tried until it is back.
          MAIL_ATTEMPTS: '100',
        },
        envOf: {
          forwarder: { EVENT_STORE_URL: storeUrl(forwarderToStore.port) },
          workers: { ORDER_RULES: rulesFile(folder) },
          // A standby that took over says at this level how long it read.
          projections: { LOG_LEVEL: 'info' },
        },
        copies: COPIES,
      }),
      (it) => it.remove(),
    );
    const secrets = closing(await openSecrets(`${documents.url}secrets`, { dataDir: folder, log: { warn: () => {} } }), (it) => it.close());
    const log = sealedStore(sealed, await openSealing({ store: sealed, secrets, signal: new AbortController().signal }));
    const users = await loggedIn(system);
    const live = closing(await watchTasks(system, async () => (await users()).alice), (it) => it.close());
    const ways = { broker: toBroker, store: toStore, forwarderToStore };
    return {
      system,
      broker,
      documents,
      cache,
      storeServer,
      ways,
      log,
      mails,
      live,
      users,
      commands: [],
      orders: [],
      killed: new Set(),
      offersLost: '',
      rounds: 0,
      compared: { rounds: 0, position: '' },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const storeUrl = (port: number) => `esdb://127.0.0.1:${port}?tls=false`;

async function loggedIn(system: Distributed): Promise<FaultWorld['users']> {
  let [alice, bob] = await Promise.all([system.register('Alice'), system.register('Bob')]);
  let admin = system.admin;
  let since = Date.now();
  return async () => {
    if (Date.now() - since > LOGGED_IN) {
      [alice, bob, admin] = await Promise.all([logIn(system.url, alice), logIn(system.url, bob), logIn(system.url, admin)]);
      since = Date.now();
    }
    return { alice, bob, admin };
  };
}
