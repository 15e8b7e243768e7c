/** Opens the ports that a process's parts need; the URLs say which implementation. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { openSecrets } from '../gateway/identity/secrets/open.ts';
import { SECRETS, type Secrets } from '../gateway/identity/secrets/secrets.ts';
import type { Pages } from '../gateway/pages.ts';
import { claimFiles } from '../media/keep/marks.ts';
import { type OpenMailer, openMailer } from '../notifier/mailer/open.ts';
import { RECEIVERS } from '../notifier/sending.ts';
import { type OpenTexter, openTexter } from '../notifier/texter/open.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import { unavailableIn } from '../platform/absences/unavailable.ts';
import { watched } from '../platform/absences/watched.ts';
import type { Cache } from '../platform/cache/cache.ts';
import { openCache } from '../platform/cache/open.ts';
import { EVENT_BUS, type EventBus } from '../platform/event-bus/event-bus.ts';
import { openEventBus } from '../platform/event-bus/open.ts';
import type { AppendHealth } from '../platform/event-store/append-health.ts';
import { EVENT_STORE, type EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { FILES, type Files } from '../platform/files/files.ts';
import { openFiles } from '../platform/files/open.ts';
import type { Metrics } from '../platform/http/metrics.ts';
import { openReadModels } from '../platform/read-models/open.ts';
import { READ_MODELS, type ReadModels } from '../platform/read-models/read-models.ts';
import { openingBus } from '../platform/sealing/opening-bus.ts';
import type { PersonKeys } from '../platform/sealing/person-keys.ts';
import { sealedStore } from '../platform/sealing/sealed-store.ts';
import { openOwnPages } from './checkout.ts';
import type { Closers } from './closers.ts';
import type { Config } from './config.ts';
import { fileOrigins } from './links.ts';
import { ownerOnServer } from './owner.ts';
import { isEmbedded, type Need } from './parts.ts';
import { QUEUES } from './queues.ts';
import { namingItsFile } from './refused-files.ts';
import { openSealing } from './sealing.ts';
import { askForShapes } from './written-shapes.ts';

export interface Ports {
  store: EventStore;
  sealedLog: EventStore;
  personKeys: PersonKeys;
  bus: EventBus;
  readModels: ReadModels;
  secrets: Secrets;
  cache: Cache;
  mailer: OpenMailer;
  texter: OpenTexter;
  files: Files;
  pages: Pages;
}

export interface PortsContext {
  log: Logger;
  metrics: Metrics;
  closers: Closers;
  /** Watches the appends of a process whose health somebody asks for. */
  appends?: Pick<AppendHealth, 'watch'>;
  /** Ends the waiting for servers. */
  signal: AbortSignal;
  /** The servers that are waited for, as the ports name them. */
  waits: Set<string>;
  /** What the broker has with other arguments than ours, as the bus names it. */
  misfits?: Set<string>;
}

/**
 * Opens the needed ports, all at once; servers that do not answer are waited for. The log tells of each when it goes and when it is back. Errors: those of the ports, among them ServerRefused.
 *
 * Other ports are missing, and using one throws, which a spread would hide: so ports are passed on by name, or as they are.
 */
export async function openPorts<N extends Need>(config: Config, needs: ReadonlySet<N>, context: PortsContext): Promise<Pick<Ports, N>> {
  const { log, signal, waits } = context;
  const { closing } = context.closers;
  const options = { dataDir: config.DATA_DIR, log, signal, waits, ended: endProcess };
  const watch = <Port extends object>(port: Port, dependency: string) => watched(port, dependency, log);
  context.metrics.gauge(
    'failed_calls',
    'Calls that failed since the start because what they needed was away, by what that was.',
    absencesIn(log).failures,
  );
  /** The store as it is, which the bus and the cache are opened after: its installation is theirs. */
  const openStore = once(() =>
    namingItsFile('store', config, () => openEventStore(config.EVENT_STORE_URL, { ...options, passed: context.metrics.foreign })),
  );
  const sealedLog = once(async () => {
    const opened = await openStore();
    const store = closing(watch(counted(context.appends?.watch(opened) ?? opened, context.metrics), EVENT_STORE));
    await askForShapes(store, { config, log, metrics: context.metrics });
    return store;
  });
  const has: ReadonlySet<Need> = needs;
  const installation = async (url: string) => (has.has('store') ? ownerOnServer(url, openStore, signal) : null);
  const secrets = once(async () => {
    const owner = await installation(config.SECRETS_URL);
    return namingItsFile('secrets', config, async () =>
      closing(watch(await openSecrets(config.SECRETS_URL, { ...options, installation: owner }), SECRETS)),
    );
  });
  const sealing = once(async () => {
    const opened = await openSealing({ store: await sealedLog(), secrets: await secrets(), signal });
    if (!opened.whole) sayClear(log, config);
    const { destroyedAgain: people } = opened;
    if (people > 0) log.warn({ people }, 'the secrets are older than erasures: the keys of people who were erased are destroyed again');
    return opened;
  });
  const openers: { [N in Need]: () => Promise<Ports[N]> } = {
    store: async () => (has.has('personKeys') ? sealedStore(await sealedLog(), await sealing()) : sealedLog()),
    sealedLog,
    personKeys: async () => (await sealing()).keys,
    bus: async () => {
      const opened = await openEventBus(config.BUS_URL, {
        ...options,
        queues: QUEUES,
        misfits: context.misfits,
        count: countedBy(context.metrics),
        installation: await installation(config.BUS_URL),
      });
      const bus = closing(watch(countedOffers(opened, context.metrics), EVENT_BUS));
      return has.has('personKeys') ? openingBus(bus, (await sealing()).keys) : bus;
    },
    readModels: async () => {
      const owner = await installation(config.READ_MODELS_URL);
      return closing(watch(await openReadModels(config.READ_MODELS_URL, { ...options, installation: owner }), READ_MODELS));
    },
    secrets,
    // Not watched: it answers its readers while its server is away, too. Its connection tells.
    cache: async () => closing(await openCache(config.CACHE_URL, { log, installation: await installation(config.CACHE_URL) })),
    mailer: async () => {
      const opened = openMailer(config.MAIL_URL, {
        dataDir: config.DATA_DIR,
        from: config.MAIL_FROM,
        publicUrl: config.PUBLIC_URL,
        log,
        ended: endProcess,
      });
      const mailer = closing(watch(opened.mailer, opened.outbox ? RECEIVERS.outbox : RECEIVERS.smtp));
      return { ...opened, mailer };
    },
    texter: async () => {
      const opened = openTexter(config.SMS_URL, { dataDir: config.DATA_DIR, from: config.SMS_FROM, log, ended: endProcess });
      const texter = closing(watch(opened.texter, opened.outbox ? RECEIVERS.outbox : RECEIVERS.sms));
      return { ...opened, texter };
    },
    files: async () => {
      const credentials = { accessKey: config.S3_ACCESS_KEY, secretKey: config.S3_SECRET_KEY };
      const files = closing(watch(await openFiles(config.FILES_URL, { dataDir: config.DATA_DIR, ...credentials, foreign: saidOnce(log) }), FILES));
      const owner = await installation(config.FILES_URL);
      if (owner) await claimSoon(files, owner, log);
      return files;
    },
    pages: () => openOwnPages(log, fileOrigins(config)),
  };
  const opened = await settledAll([...needs].map(async (need) => [need, await namingItsFile(need, config, openers[need])] as const));
  return guarded(Object.fromEntries(opened) as unknown as Pick<Ports, N>, Object.keys(openers));
}

/** The opener of what several ports stand on, opened once for all of them. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;
  return () => {
    opening ??= open();
    return opening;
  };
}

/** Says of a log that an older release began that it has clear events, and what to do about it. */
function sayClear(log: Logger, { EVENT_STORE_URL }: Config): void {
  const how = isEmbedded(EVENT_STORE_URL) ? 'stop this and run npm start -- seal' : 'npm start -- migrate to a new store seals what it copies';
  log.warn({}, `events of an older release are clear in the log: nobody can be erased until they are sealed (${how})`);
}

/**
 * Ends the process where one of its embedded stores can write nothing more, which the store has logged: nothing that it still does could be kept, a
 * supervisor starts it again, and the start finds out what is on the disk.
 */
function endProcess(): never {
  process.exit(1);
}

/** Says once that the store of files has what is not ours, and of what name the first of it was. */
function saidOnce(log: Logger): (name: string) => void {
  let said = false;
  return (name) => {
    if (said) return;
    said = true;
    log.warn({ file: name }, 'the store of files has files that are not ours: they are passed, and never removed');
  };
}

/** Milliseconds for which a start waits to hear whose the store of files is. */
const CLAIM_PATIENCE = 5_000;

/**
 * Marks the store of files as this installation's. One that is away is not waited for: whose it is, is asked again before anything is removed from it.
 * Error: FilesOfAnother.
 */
async function claimSoon(files: Files, installation: string, log: Logger): Promise<void> {
  let isLate = false;
  const claimed = claimFiles(files, installation).catch((error: Error) => {
    if (unavailableIn(error)) return;
    if (!isLate) throw error;
    log.error({ reason: error.message }, 'the store of files is not this installation’s');
  });
  const late = delay(CLAIM_PATIENCE, undefined, { ref: false }).then(() => {
    isLate = true;
  });
  await Promise.race([claimed, late]);
}

/** The ports, but asking for a missing one throws. (Where all parts run in one process, none is missing, and only the types find the mistake.) */
function guarded<P extends object>(opened: P, names: readonly string[]): P {
  return new Proxy(opened, {
    get: (ports, name, receiver) => {
      if (typeof name === 'string' && names.includes(name) && !Object.hasOwn(ports, name))
        throw new Error(`this part was not given ${name}: add it to app/parts.ts`);
      return Reflect.get(ports, name, receiver);
    },
    ownKeys: () => {
      throw new Error('ports are passed on by name: a copy of all that are there does not say which were not given');
    },
  });
}

/** As Promise.all, but it waits until all have ended, because a port that is still being opened could not be closed. */
async function settledAll<T>(opening: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(opening);
  return Promise.all(opening);
}

/** Counts the messages of a bus. Offers are left out, because `countedOffers` counts them for every bus alike. */
function countedBy({ count }: Metrics): (what: 'published' | 'refused' | 'offered' | 'invalid', by: number) => void {
  return (what, by) => {
    if (what !== 'offered') count(`${what}_messages`, by);
  };
}

function counted(store: EventStore, { count }: Metrics): EventStore {
  return {
    ...store,
    append: async (stream, expectedRevision, events, options) => {
      const appended = await store.append(stream, expectedRevision, events, options);
      count('appended_events', events.length);
      return appended;
    },
  };
}

function countedOffers(bus: EventBus, { count }: Metrics): EventBus {
  return {
    ...bus,
    offer: async (queue, offer) => {
      await bus.offer(queue, offer);
      count('offers', 1);
    },
  };
}
