/** The whole system in one process: opens the ports, starts the parts in the order of the data, and stops them the other way round. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import type { Config } from './config.ts';
import { adminRoutes } from './gateway/admin-routes.ts';
import { createApp } from './gateway/app.ts';
import { docRoutes } from './gateway/docs.ts';
import { openIdentity } from './gateway/identity/identity.ts';
import { loadKeys } from './gateway/identity/keys.ts';
import { openSecrets } from './gateway/identity/secrets/open.ts';
import { openLimits } from './gateway/limits.ts';
import { healthRoutes, openMetrics } from './gateway/metrics.ts';
import { openOperator } from './gateway/operator.ts';
import { pageRoutes } from './gateway/page-routes.ts';
import { openPages } from './gateway/pages.ts';
import { openMailer } from './notifier/mailer/open.ts';
import { startNotifier } from './notifier/notifier.ts';
import { outboxRoutes } from './notifier/outbox-routes.ts';
import { openCache } from './projections/cache/open.ts';
import { startProjections } from './projections/project.ts';
import { openReadModels } from './projections/read-models/open.ts';
import { queryRoutes } from './read-side/query-routes.ts';
import { startRealtime } from './realtime/push.ts';
import { topicReader } from './realtime/topics.ts';
import { version } from './version.ts';
import { commandRoutes } from './write-side/command-routes.ts';
import { openEventBus } from './write-side/event-bus/open.ts';
import { lockFolder } from './write-side/event-store/lock.ts';
import { openEventStore } from './write-side/event-store/open.ts';
import { startForwarder } from './write-side/forwarder/forward.ts';
import { commandHandler } from './write-side/handle-command.ts';

export interface Running {
  /** Where it listens: `http://HOST:PORT`. */
  url: string;
  /** Finishes what is at hand and lets go of everything. */
  stop(): Promise<void>;
}

/** Starts everything and prints where it listens. What was opened before something fails is closed again. */
export async function startAll(config: Config): Promise<Running> {
  const closers: (() => unknown)[] = [];
  /** Remembers how to close what was just opened; the last opened is closed first. */
  const closing = <T>(opened: T, close: (it: T) => unknown): T => {
    closers.push(() => close(opened));
    return opened;
  };
  /** What cannot be closed keeps nothing else open; the first such error is told at the end. */
  const stop = async () => {
    const errors: unknown[] = [];
    for (const close of closers.reverse().splice(0)) await (async () => close())().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw errors[0];
  };
  try {
    return { url: await start(config, closing), stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

type Closing = <T>(opened: T, close: (it: T) => unknown) => T;

async function start(config: Config, closing: Closing): Promise<string> {
  const log = pino({ level: config.LOG_LEVEL, redact: ['req.headers.authorization', '*.password', '*.token'] }, pino.destination(2));
  const metrics = openMetrics();
  // What is written here holds names, addresses and secrets: for this user's eyes only.
  process.umask(0o077);
  const { DATA_DIR: dataDir } = config;
  let url = '';
  let ready = false;

  // The ports.
  closing(lockFolder(dataDir), (lock) => lock.release());
  const operator = openOperator(dataDir);
  await operator.retire();
  const [store, readModels, secrets] = await Promise.all([
    openEventStore(config.EVENT_STORE_URL, { dataDir, log }).then((it) => closing(it, () => it.close())),
    openReadModels(config.READ_MODELS_URL, { dataDir, log }).then((it) => closing(it, () => it.close())),
    openSecrets(config.SECRETS_URL, { dataDir, log }).then((it) => closing(it, () => it.close())),
  ]);
  const keys = await loadKeys(secrets, { jwtSecret: config.JWT_SECRET });
  const [bus, cache, limits, pages] = await Promise.all([
    openEventBus(config.BUS_URL, { log }).then((it) => closing(it, () => it.close())),
    openCache(config.CACHE_URL).then((it) => closing(it, () => it.close())),
    openLimits(config.CACHE_URL, { registration: config.REGISTRATION_LIMIT, hmac: keys.hmac }),
    openPages({ log }),
  ]);
  const { mailer, outbox } = openMailer(config.MAIL_URL, { dataDir, from: config.MAIL_FROM });
  closing(mailer, (it) => it.close());

  // The write side, and who may use it.
  const commands = closing(commandHandler({ store, hmac: keys.hmac, log, count: metrics.command }), (it) => it.settle());
  const reserved = await commands.reserveAnew();
  if (reserved > 0) log.warn({ reserved }, 'the secrets are new: every address is reserved anew; passwords are lost with the old ones');
  const identity = await openIdentity({ secrets, keys, commands, store, config: { taskVisibility: config.TASK_VISIBILITY }, limits, log });
  // The command is recorded by then: what goes wrong here is logged, and answers nobody. (Without a live user no password and no session counts.)
  const changed = async (type: string, id: string) => {
    if (type === 'ChangeUserRole') identity.onUserChanged(id);
    if (type === 'DeleteUser')
      await identity.onUserDeleted(id).catch((error: unknown) => log.error({ err: error, id }, 'secrets of a deleted user are left'));
  };

  // Along the path of a fact: forwarder, projections, notifier. Policies begin before the first user is made.
  const context = { store, bus, log };
  const forwarder = closing(startForwarder(context), (it) => it.stop());
  const projections = closing(await startProjections({ ...context, readModels, cache }), (it) => it.stop());
  const publicUrl = () => config.PUBLIC_URL ?? url;
  const notifier = closing(
    await startNotifier({ ...context, readModels, commands, mailer, issueCode: identity.issueCode, publicUrl, attempts: config.MAIL_ATTEMPTS }),
    (it) => it.stop(),
  );

  // HTTP and sockets.
  const waits = async () => {
    const reading = await store.head().then(
      () => [],
      (error: Error) => [`the event store (${error.message})`],
    );
    return ready ? reading : ['the start'];
  };
  const api = [
    ...identity.routes,
    ...commandRoutes({ commands, hmac: keys.hmac, except: ['RegisterUser'], changed }),
    ...queryRoutes({ store, readModels, cache }),
    ...outboxRoutes(outbox),
    ...adminRoutes({
      projections: projections.status,
      rebuild: projections.rebuild,
      queues: bus.queues,
      parked: async () => [...projections.parked().map(({ name, ...one }) => ({ ...one, follower: name })), ...notifier.parked()],
      release: async (follower, stream, discard) => {
        if (await notifier.release(follower, stream, discard)) return true;
        if (!projections.parked().some((one) => one.name === follower && one.stream === stream)) return false;
        await projections.release(follower, stream);
        return true;
      },
    }),
    ...healthRoutes(metrics, waits),
  ];
  const app = createApp({
    routes: [...api, ...docRoutes(api, version), ...pageRoutes(pages)],
    accessTokens: identity.accessTokens,
    callerOf: identity.callerOf,
    operator: operator.caller,
    origins: config.ALLOWED_ORIGINS,
    trustProxy: config.TRUST_PROXY,
    log,
    observe: metrics.request,
  });
  // It waits for all of its connections to end, and sockets are such: so it is closed after them.
  const server = closing(createServer({ requestTimeout: 30_000 }, app.callback()), close);
  const realtime = closing(
    await startRealtime({
      server,
      ...context,
      authenticate: identity.authenticate,
      mayRead: topicReader(commands),
      seesAll: identity.seesAll,
      origins: config.ALLOWED_ORIGINS,
    }),
    (it) => it.stop(),
  );
  metrics.gauge('sockets', 'Open sockets.', () => ({ all: realtime.sockets() }));
  metrics.gauge('queue_depth', 'Messages in a queue.', async () => Object.fromEntries((await bus.queues()).map((one) => [one.name, one.depth])));
  metrics.gauge('projection_lag', 'Events a read model is behind, up to 1,000.', async () =>
    Object.fromEntries((await projections.status()).map((one) => [one.name, one.lag])),
  );
  metrics.gauge('forwarder_lag', 'Events not yet on the bus, up to 10,000.', async () => ({ all: await forwarder.lag() }));
  metrics.gauge('notifications_waiting', 'Notifications not yet decided.', () => ({ all: notifier.waiting() }));

  url = await listen(server, config);
  // Only now: a start that fails before shows nobody the password.
  const password = await identity.ensureAdmin(config.ADMIN_EMAIL, config.ADMIN_PASSWORD);
  if (password) process.stdout.write(`The first admin is ${config.ADMIN_EMAIL} with the password ${password} (shown only now)\n`);
  await closing(operator, (it) => it.retire()).announce(url);
  ready = true;
  process.stdout.write(`taskledger ${version} listens on ${url} (pid ${process.pid})\n`);
  return url;
}

/** Listens and answers where. Error: one clear line for a port or host that cannot be had. */
function listen(server: Server, { PORT, HOST }: Config): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(unlistenable(error, HOST, PORT)));
    server.listen(PORT, HOST, () => {
      const { port } = server.address() as AddressInfo;
      resolve(`http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`);
    });
  });
}

function unlistenable(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const why =
    error.code === 'EADDRINUSE'
      ? `Port ${port} on ${host} is taken by another program. Stop that one, or set PORT to another (0: any free).`
      : `It cannot listen on ${host} port ${port} (${error.code ?? error.message}). Set HOST and PORT to what this machine has and you may use.`;
  return Object.assign(new Error(why), { syscall: 'listen' });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // A connection that is being answered is idle only then, and its client would keep it.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(idle);
      resolve();
    });
    setTimeout(() => server.closeAllConnections(), 3_000).unref();
  });
}
