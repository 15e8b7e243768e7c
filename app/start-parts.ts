/** How each part is started in a process. What crosses from part to part goes through the ports. */
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { adminRoutes } from '../gateway/admin-routes.ts';
import type { Identity } from '../gateway/identity/identity.ts';
import type { Keys } from '../gateway/identity/keys.ts';
import { pageRoutes } from '../gateway/page-routes.ts';
import type { DeliveredChannel } from '../notifier/channels.ts';
import { type DeliveriesContext, type PerChannel, startDeliveries } from '../notifier/deliveries.ts';
import { startNotifier } from '../notifier/notifier.ts';
import { outboxRoutes } from '../notifier/outbox-routes.ts';
import { reachesUs } from '../notifier/texter/open.ts';
import { reportRoutes, reportUrl } from '../notifier/texter/report-routes.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { countAfter } from '../platform/followers/checkpoint.ts';
import type { Follower } from '../platform/followers/follow.ts';
import type { Requests } from '../platform/followers/requests.ts';
import type { Limits } from '../platform/http/limits/limits.ts';
import type { Metrics } from '../platform/http/metrics.ts';
import type { Route } from '../platform/http/route.ts';
import { pendingTimersIn } from '../projections/pending-timers.ts';
import { startProjections } from '../projections/project.ts';
import { orders } from '../projections/projectors/orders.ts';
import { undecidedIn } from '../projections/undecided.ts';
import { queryRoutes } from '../read-side/query-routes.ts';
import { readAll } from '../read-side/read-all.ts';
import { retryDeadLetters } from '../read-side/retry-dead-letters.ts';
import { openFanOut } from '../realtime/fan-out/open.ts';
import { startRealtime } from '../realtime/push.ts';
import { topicReader } from '../realtime/topics.ts';
import { commandRoutes } from '../write-side/command-routes.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';
import type { OpenCommandHandler } from '../write-side/handle-command.ts';
import { policyOf } from '../write-side/workers/order-rules.ts';
import { readOrderRules } from '../write-side/workers/order-rules-file.ts';
import { startOrders } from '../write-side/workers/orders.ts';
import { startScheduler } from '../write-side/workers/scheduler.ts';
import type { Closers } from './closers.ts';
import type { Config } from './config.ts';
import type { Following } from './health.ts';
import type { Ports } from './open-ports.ts';
import { administration } from './operations.ts';
import type { Part } from './parts.ts';

/** Who may come in, and what they may command. */
export interface Door {
  keys: Keys;
  commands: OpenCommandHandler;
  identity: Identity;
  limits: Limits;
}

/** What a part finds in its process. */
export interface Process {
  config: Config;
  log: Logger;
  metrics: Metrics;
  closers: Closers;
  ports: Ports;
  /** It listens already. */
  server: Server;
  /** The address of the pages, for links. */
  publicUrl(): string;
  requests: Requests;
  door: Door;
  /** Delivery workers in this process, by channel; default: the notifier's own. */
  workers?: PerChannel<number> | undefined;
}

/** A part that runs; how it is stopped is with the process's closers. */
export interface StartedPart {
  /** Rows it answers. */
  routes?: Route[];
  /** Rows that other parts answer, for the documents. */
  documents?: Route[];
  followers?: Following[];
  /** What must stop before the server does: open connections. */
  answering?: { stop(): Promise<void> };
}

/** Far behind is far behind. */
const MOST_LAG = 1_000;

/** How each part is started, and what it answers. */
export const starters: Record<Part, (process: Process) => Promise<StartedPart>> = {
  'write-side': async (process) => ({ routes: commandRows(process) }),
  forwarder: async ({ ports, log, closers }) => {
    const forwarder = closers.add(startForwarder({ store: ports.store, bus: ports.bus, log }), (it) => it.stop());
    return { followers: [{ name: 'forwarder', active: forwarder.active, lag: forwarder.lag }] };
  },
  projections: projectionsPart,
  workers: workersPart,
  notifier: notifierPart,
  'read-side': async (process) => ({ routes: readRows(process) }),
  realtime: realtimePart,
  gateway: gatewayPart,
};

function commandRows({ door: { commands, keys, identity, limits }, log }: Process): Route[] {
  // The command is recorded by then: what goes wrong here is logged, and answers nobody. (Without a live user no password and no session counts.)
  const changed = async (type: string, id: string) => {
    if (type === 'ChangeUserRole') identity.onUserChanged(id);
    if (type === 'DeleteUser')
      await identity.onUserDeleted(id).catch((error: unknown) => log.error({ err: error, id }, 'secrets of a deleted user are left'));
  };
  return commandRoutes({ commands, hmac: keys.hmac, except: ['RegisterUser'], limit: (name, callerId) => limits.consume(name, callerId), changed });
}

/** Queries, and the commands that are made of one. */
function readRows({ ports, door: { commands } }: Process): Route[] {
  return [...queryRoutes(ports), readAll({ ...ports, commands }), retryDeadLetters({ ...ports, commands })];
}

async function projectionsPart({ ports, log, closers, metrics, requests }: Process): Promise<StartedPart> {
  const { store, bus, readModels, cache } = ports;
  const projections = await startProjections({ store, bus, readModels, cache, log });
  const stopServing = requests.serve('projections', {
    active: projections.follower.active,
    carryOut: async (_action, name, report) => ({ ...(await projections.rebuild(name, (progress) => report({ ...progress }))) }),
  });
  // At once: what is asked for and still at work ends only when the projections stop.
  closers.add(projections, (it) => Promise.all([stopServing(), it.stop()]));
  metrics.gauge('projection_lag', 'Events a read model is behind, up to 1,000.', async () =>
    Object.fromEntries((await projections.status()).map((one) => [one.name, one.lag])),
  );
  return { followers: [lagging(store, projections.follower)] };
}

async function workersPart({ ports, log, closers, metrics, door, config }: Process): Promise<StartedPart> {
  const { store, bus, readModels } = ports;
  const judge = policyOf(config.ORDER_RULES === undefined ? {} : readOrderRules(config.ORDER_RULES));
  const options = { store, bus, log, commands: door.commands, undecided: undecidedIn(readModels, orders) };
  const work = closers.add(startOrders({ ...options, judge }), (it) => it.stop());
  metrics.gauge('orders_waiting', 'Orders not yet decided.', () => ({ all: work.waiting() }));
  const timing = { commands: door.commands, pending: pendingTimersIn(readModels), dueSoon: config.DUE_SOON_HOURS * 3_600_000 };
  const scheduler = closers.add(startScheduler({ store, bus, log, ...timing }), (it) => it.stop());
  return { followers: [lagging(store, work.dispatcher), lagging(store, scheduler)] };
}

async function notifierPart(process: Process): Promise<StartedPart> {
  const { ports, log, closers, metrics, requests, door, publicUrl } = process;
  const { store, bus, readModels, mailer, texter } = ports;
  const senders = { mailer: mailer.mailer, texter: texter.texter };
  const options = { ...deliveryContext(process), ...senders, store, bus, readModels, log };
  const notifier = closers.add(await startNotifier(options), (it) => it.stop());
  for (const follower of notifier.followers) {
    const stopServing = requests.serve(follower.name, {
      active: follower.active,
      carryOut: async (action, stream) => ({ released: await notifier.release(follower.name, stream, action === 'discard') }),
    });
    closers.add(stopServing, (stop) => stop());
  }
  metrics.gauge('notifications_waiting', 'Notifications not yet decided.', () => ({ all: notifier.waiting() }));
  const reports = reportRoutes({ commands: door.commands, token: texter.token, publicUrl });
  return {
    routes: [...outboxRoutes(mailer.outbox ?? texter.outbox), ...reports],
    followers: notifier.followers.map((one) => lagging(store, one)),
  };
}

/** What delivery workers need, in whichever process and on whichever channel they are. */
function deliveryContext({ ports: { store, bus }, log, door: { commands, identity }, publicUrl, config, workers }: Process): DeliveriesContext {
  const { PUBLIC_URL, SMS_URL, DELIVERY_ATTEMPTS: attempts, LEASE_SECONDS, UNKNOWN_MAIL, UNKNOWN_SMS } = config;
  return {
    ...{ store, bus, log, commands, issueCode: identity.issueCode, publicUrl, attempts },
    reportTo: (id, attempt) => (reachesUs(SMS_URL, PUBLIC_URL) ? reportUrl(PUBLIC_URL, id, attempt) : null),
    lease: LEASE_SECONDS * 1_000,
    hold: { email: UNKNOWN_MAIL === 'hold', sms: UNKNOWN_SMS === 'hold' },
    ...(workers ? { workers } : {}),
  };
}

/** A process of one delivery worker alone. */
export function deliveriesOnly(channel: DeliveredChannel): (process: Process) => Promise<StartedPart> {
  return async (process) => {
    const { ports, closers } = process;
    const sender = channel === 'email' ? { mailer: ports.mailer.mailer } : { texter: ports.texter.texter };
    closers.add(startDeliveries({ ...deliveryContext(process), ...sender, workers: { [channel]: 1 } }), (it) => it.stop());
    return {};
  };
}

async function realtimePart({ ports, log, metrics, door, config, server, closers }: Process): Promise<StartedPart> {
  const { store, bus } = ports;
  const { identity, commands } = door;
  const fanOut = closers.add(await openFanOut(config.CACHE_URL, { log }), (it) => it.close());
  const realtime = await startRealtime({
    server,
    fanOut,
    store,
    bus,
    log,
    authenticate: identity.authenticate,
    mayRead: topicReader(commands),
    seesAll: identity.seesAll,
    origins: config.ALLOWED_ORIGINS,
  });
  metrics.gauge('sockets', 'Open sockets.', () => ({ all: realtime.sockets() }));
  return {
    followers: [{ name: 'realtime', active: () => true, lag: () => countAfter(store, realtime.position(), MOST_LAG) }],
    answering: realtime,
  };
}

async function gatewayPart(process: Process): Promise<StartedPart> {
  const { ports, metrics, door, requests } = process;
  metrics.gauge('queue_depth', 'Messages in a queue.', async () =>
    Object.fromEntries((await ports.bus.queues()).map((one) => [one.name, one.depth])),
  );
  const own = [...door.identity.routes, ...adminRoutes(administration({ ...ports, requests })), ...pageRoutes(ports.pages)];
  return { routes: own, documents: [...commandRows(process), ...readRows(process), ...outboxRoutes(null), ...reportRoutes(null)] };
}

function lagging(store: EventStore, { name, active, position }: Follower): Following {
  return { name, active, lag: () => countAfter(store, position(), MOST_LAG) };
}
