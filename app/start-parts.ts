/** The starters of the parts in a process. Parts reach each other through the ports alone. */
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { adminRoutes } from '../gateway/admin-routes.ts';
import type { AuditLog } from '../gateway/audit/audit-log.ts';
import { auditRoutes } from '../gateway/audit/audit-routes.ts';
import { docRoutes, documentsOf } from '../gateway/docs.ts';
import { erasureRoutes } from '../gateway/erasing/erasure-routes.ts';
import type { Identity } from '../gateway/identity/identity.ts';
import type { Keys } from '../gateway/identity/keys.ts';
import { pageRoutes } from '../gateway/page-routes.ts';
import { openVisitCodes } from '../gateway/visits/visit-codes.ts';
import { visitRoutes } from '../gateway/visits/visit-routes.ts';
import { wellKnownRoutes } from '../gateway/well-known.ts';
import { mailPicturesIn } from '../media/access/open.ts';
import { startMedia } from '../media/start.ts';
import { strangerMailsIn } from '../notifier/addressee.ts';
import type { DeliveredChannel } from '../notifier/channels.ts';
import { type DeliveriesContext, type PerChannel, startDeliveries } from '../notifier/deliveries.ts';
import type { Outbox } from '../notifier/mailer/outbox/outbox.ts';
import { startNotifier } from '../notifier/notifier.ts';
import { outboxRoute } from '../notifier/outbox-routes.ts';
import { reachesUs } from '../notifier/texter/open.ts';
import { reportRoute, reportUrl } from '../notifier/texter/report-routes.ts';
import type { WhileStarting } from '../platform/absences/while-starting.ts';
import { outsideBroker } from '../platform/event-bus/open.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { installationOf } from '../platform/event-store/installation.ts';
import { countAfter } from '../platform/followers/count-after.ts';
import type { Follower } from '../platform/followers/follow.ts';
import type { ParkingFollower } from '../platform/followers/follow-parking.ts';
import type { Requests } from '../platform/followers/requests.ts';
import type { Limits } from '../platform/http/limits/limits.ts';
import type { Metrics } from '../platform/http/metrics.ts';
import { type Route, routesWith } from '../platform/http/route.ts';
import { unsubscribeLinks } from '../platform/unsubscribe-link.ts';
import { assignedIn, parkedTasksIn } from '../projections/assigned-tasks.ts';
import { blockedByEnd, pendingTimersIn, unconfirmedRepairsIn, visitsByTime } from '../projections/due.ts';
import { waitingWherePassed } from '../projections/passed.ts';
import { startProjections } from '../projections/project.ts';
import { orders } from '../projections/projectors/orders.ts';
import { undecidedIn } from '../projections/undecided.ts';
import { labelRoutes } from '../read-side/labels/label-routes.ts';
import { trackRepair } from '../read-side/labels/tracking.ts';
import { readRoutes } from '../read-side/query-routes.ts';
import { openFanOut } from '../realtime/fan-out/open.ts';
import { startRealtime } from '../realtime/push.ts';
import { topicReader } from '../realtime/topics.ts';
import { commandRoutes } from '../write-side/command-routes.ts';
import { startForwarder } from '../write-side/forwarder/forward.ts';
import type { OpenCommandHandler } from '../write-side/handle-command.ts';
import { repairByLink } from '../write-side/repair-by-link.ts';
import { startClosingRepairs } from '../write-side/workers/close-repairs.ts';
import { startListingErasures } from '../write-side/workers/erasures.ts';
import { policyOf } from '../write-side/workers/order-rules.ts';
import { readOrderRules } from '../write-side/workers/order-rules-file.ts';
import { startOrders } from '../write-side/workers/orders.ts';
import { startRepairTasks } from '../write-side/workers/repair-tasks.ts';
import { startScheduler } from '../write-side/workers/scheduler.ts';
import { startUnassigning } from '../write-side/workers/unassign.ts';
import { startBlocklistClock, startVisitClock } from '../write-side/workers/visit-clock.ts';
import { administration } from './administration.ts';
import { version } from './checkout.ts';
import type { Closers } from './closers.ts';
import { type Config, siteName } from './config.ts';
import { erasureCheckOn } from './erasing/check.ts';
import type { FromSecrets } from './erasing/from-secrets.ts';
import type { ProcessErasing } from './erasing/process.ts';
import { fileSteps, leadOf, leadSteps, outboxSteps, storeKindOf } from './erasing/steps.ts';
import type { HealthOfFollower } from './health.ts';
import { linkedPicturesAt } from './links.ts';
import type { Ports } from './open-ports.ts';
import type { Need, NeedOf, Part } from './parts.ts';
import { personExportRoutes } from './person-export.ts';
import { ALL_ROWS } from './rows.ts';

/** The identity of callers, and the commands that they may give. */
export interface Access {
  keys: Keys;
  commands: OpenCommandHandler;
  identity: Identity;
  limits: Limits;
  audit: AuditLog;
  erasing: ProcessErasing;
  removing: FromSecrets;
}

/** The things that every part finds in its process. */
interface OfEveryPart {
  config: Config;
  log: Logger;
  metrics: Metrics;
  closers: Closers;
  /** The patience of the start of this process. */
  whileStarting: WhileStarting;
  /** The HTTP server, which listens already. */
  server: Server;
  /** The address of the pages, for links. */
  publicUrl(): string;
  /** Delivery workers in this process, by channel; default: the notifier's own. */
  workers?: PerChannel<number> | undefined;
}

/** `Made` for the parts that need the port which it is made of; nothing for others. */
type Where<P extends Part, N extends Need, Made> = N extends NeedOf<P> ? Made : unknown;

/**
 * The context in which a part starts: the ports that PARTS names for it, what is made of these, and nothing else. A starter that uses another
 * port does not compile.
 */
export type PartContext<P extends Part = Part> = OfEveryPart & { ports: Pick<Ports, NeedOf<P>> } & Where<P, 'secrets', { access: Access }> &
  Where<P, 'bus', { requests: Requests }>;

/** A running part. The closers of its process stop it. */
export interface StartedPart {
  /** The routes of the part's rows, which app/rows.ts lists. */
  routes?: Route[];
  followers?: HealthOfFollower[];
  /** Whatever it waits for at the moment, for /readyz. */
  waits?(): string[];
  /** The open connections, which must stop before the server does. */
  answering?: { stop(): Promise<void> };
}

/** The number of events up to which a lag is counted: beyond it an exact number helps nobody. */
const MOST_LAG = 1_000;

/** The starters of all parts, by part. */
export const startPart: { readonly [P in Part]: (context: PartContext<P>) => Promise<StartedPart> } = {
  'write-side': writeSidePart,
  forwarder: async ({ ports, log, closers }) => {
    const forwarder = closers.add(startForwarder({ store: ports.sealedLog, bus: ports.bus, log }), (it) => it.stop());
    return { followers: [{ name: 'forwarder', active: forwarder.active, lag: forwarder.lag, paces: forwarder.paces }] };
  },
  projections: projectionsPart,
  workers: workersPart,
  notifier: notifierPart,
  media: mediaPart,
  'read-side': async ({ ports: { store, readModels, cache }, access: { commands, keys, limits }, publicUrl }) => ({
    routes: [
      ...routesWith({ store, readModels, cache, commands }, readRoutes),
      ...routesWith({ store, readModels, cache, hmac: keys.hmac, limits, publicUrl }, [...labelRoutes, trackRepair]),
    ],
  }),
  realtime: realtimePart,
  gateway: gatewayPart,
};

async function writeSidePart({
  access: { commands, keys, identity, limits, erasing },
  log,
  publicUrl,
}: PartContext<'write-side'>): Promise<StartedPart> {
  // The command is recorded by then: errors here are logged, and refuse nobody. (No password and no session of a deleted user counts.)
  const changed = async (type: string, id: string) => {
    if (type === 'ChangeUserRole' || type === 'SetUserPosts' || type === 'ConfirmUser') await identity.onUserChanged(id);
    if (type === 'DeleteUser' || type === 'EraseUser')
      await identity.onUserDeleted(id).catch((error: unknown) => log.error({ err: error, id }, 'secrets of a deleted user are left'));
  };
  const options = { commands, hmac: keys.hmac, limits, expectFresh: identity.expectFresh, changed, erasing: erasing.answers };
  const byLink = { commands, hmac: keys.hmac, limits, publicUrl };
  return { routes: [...routesWith(options, commandRoutes), ...routesWith(byLink, [repairByLink])] };
}

async function projectionsPart({ ports, log, closers, metrics, requests }: PartContext<'projections'>): Promise<StartedPart> {
  const { store, bus, readModels, cache } = ports;
  const projections = await startProjections({ store, bus, readModels, cache, log, passed: (count) => metrics.count('unknown_events', count) });
  const stopServing = requests.serve('projections', {
    active: projections.follower.active,
    carryOut: async (_action, name, report) => ({ ...(await projections.rebuild(name, (progress) => report({ ...progress }))) }),
  });
  // Both at once, because a requested rebuild that is still at work ends only when the projections stop.
  closers.add(projections, (it) => Promise.all([stopServing(), it.stop()]));
  metrics.gauge('projection_lag', 'Events a read model is behind, up to 1,000.', async () =>
    Object.fromEntries((await projections.status()).map((one) => [one.name, one.lag])),
  );
  return { followers: [{ ...lagging(store, projections.follower), paces: projections.paces }] };
}

async function workersPart(context: PartContext<'workers'>): Promise<StartedPart> {
  const { ports, log, closers, metrics, requests, access, config, whileStarting } = context;
  const { store, bus } = ports;
  const readModels = waitingWherePassed(ports.readModels, store);
  const judge = policyOf(config.ORDER_RULES === undefined ? {} : readOrderRules(config.ORDER_RULES));
  const options = { store, bus, log, commands: access.commands, undecided: undecidedIn(readModels, orders) };
  const work = closers.add(startOrders({ ...options, judge }), (it) => it.stop());
  serveReleases(work.dispatcher, { requests, closers });
  metrics.gauge('orders_waiting', 'Orders not yet decided.', () => ({ all: work.waiting() }));
  const timing = { commands: access.commands, pending: pendingTimersIn(readModels), dueSoon: config.DUE_SOON_HOURS * 3_600_000 };
  const scheduler = closers.add(startScheduler({ store, bus, log, ...timing }), (it) => it.stop());
  const unconfirmed = { commands: access.commands, pending: unconfirmedRepairsIn(readModels) };
  const closing = closers.add(startClosingRepairs({ store, bus, log, ...unconfirmed }), (it) => it.stop());
  const visits = { expected: visitsByTime(readModels, 'missAt'), over: visitsByTime(readModels, 'overSince') };
  const forgetting = { commands: access.commands, personKeys: ports.personKeys, keptFor: config.VISITOR_DAYS * 86_400_000 };
  const visitClock = closers.add(startVisitClock({ store, bus, log, ...visits, ...forgetting }), (it) => it.stop());
  const ending = { commands: access.commands, personKeys: ports.personKeys, ending: blockedByEnd(readModels) };
  const blocklistClock = closers.add(startBlocklistClock({ store, bus, log, ...ending }), (it) => it.stop());
  const tasks = { assigned: assignedIn(readModels), parked: parkedTasksIn(store) };
  const unassigning = { commands: access.commands, ...tasks, removeSecrets: access.identity.onUserDeleted, whileStarting };
  const { begin } = access.erasing.answers;
  const erasures = await startListingErasures({ store, bus, log, begin, whileStarting });
  const inStep = await startRepairTasks({ store, bus, log, commands: access.commands, whileStarting });
  const departures = [...(await startUnassigning({ store, bus, log, ...unassigning })), erasures, ...inStep];
  for (const one of departures) {
    closers.add(one, (it) => it.stop());
    serveReleases(one, { requests, closers });
  }
  await lead(context);
  return { followers: [work.dispatcher, scheduler, closing, visitClock, blocklistClock, ...departures].map((one) => lagging(store, one)) };
}

/** Leads the erasures: the part has most of the stores that they empty. */
async function lead({ ports, access, requests, config, closers }: PartContext<'workers'>): Promise<void> {
  const { store, secrets, readModels, cache, personKeys } = ports;
  const stopping = new AbortController();
  const installation = (await installationOf(store, stopping.signal)) ?? 'unnamed';
  const context = { store, secrets, readModels, cache, personKeys, requests, config, installation, signal: stopping.signal };
  const all = { ...context, removing: access.removing, hmac: access.keys.hmac };
  access.erasing.add({ steps: leadSteps(all), lead: leadOf(all) });
  closers.add(stopping, (it) => it.abort());
}

async function notifierPart(context: PartContext<'notifier'>): Promise<StartedPart> {
  const { ports, log, closers, metrics, requests, access, publicUrl } = context;
  const { store, bus, mailer, texter } = ports;
  const readModels = waitingWherePassed(ports.readModels, store);
  const senders = { mailer: mailer.mailer, texter: texter.texter };
  const options = { ...deliveryContext(context), ...senders, store, bus, readModels, log, whileStarting: context.whileStarting };
  const outbox = mailer.outbox ?? texter.outbox;
  if (outbox) await emptyOlder(outbox, context);
  const notifier = closers.add(await startNotifier(options), (it) => it.stop());
  for (const follower of notifier.followers) {
    const stopServing = requests.serve(follower.name, {
      active: follower.active,
      carryOut: async (action, stream) => ({ released: await notifier.release(follower.name, stream, action === 'discard') }),
    });
    closers.add(stopServing, (stop) => stop());
  }
  metrics.gauge('notifications_waiting', 'Notifications not yet decided.', () => ({ all: notifier.waiting() }));
  metrics.gauge('notifications_oldest_seconds', 'Seconds for which the notification that is due for longest has waited.', () => ({
    all: notifier.oldest(),
  }));
  access.erasing.add({ steps: outboxSteps({ outbox, removing: access.removing }) });
  const reports = { commands: access.commands, tokens: texter.tokens, publicUrl };
  return {
    routes: [...routesWith({ outbox }, [outboxRoute]), ...routesWith(reports, [reportRoute])],
    followers: notifier.followers.map((one) => lagging(store, one)),
  };
}

/** Takes from an outbox that was put back from a backup what may be of people who were erased since. */
async function emptyOlder(outbox: Outbox, { access: { erasing }, whileStarting, log }: PartContext<'notifier'>): Promise<void> {
  const mails = await whileStarting(() => erasing.emptyOlder(outbox));
  if (mails > 0) log.warn({ mails }, 'the outbox is older than erasures: the mails and SMS from before the last of them are deleted');
}

/** Milliseconds of a stop after which the messages at hand are given up. */
const STOP_WITHIN = 7_500;

/** The context of delivery workers, for any process and channel. */
function deliveryContext(context: PartContext<'notifier'>): DeliveriesContext {
  const {
    ports: { store, bus },
    log,
    access: { commands, identity, limits, keys },
    publicUrl,
    config,
    workers,
    closers,
  } = context;
  const { PUBLIC_URL, SMS_URL, DELIVERY_ATTEMPTS: attempts, DELIVERY_WAIT_DAYS: days, LEASE_SECONDS, UNKNOWN_MAIL, UNKNOWN_SMS } = config;
  return {
    ...{ store, bus, log, commands, issueCode: identity.issueCode, seesAll: identity.seesAll, publicUrl, attempts, days },
    reportTo: (id, attempt) => (reachesUs(SMS_URL, PUBLIC_URL) ? reportUrl(PUBLIC_URL, id, attempt) : null),
    lease: LEASE_SECONDS * 1_000,
    // What was given to a server and is not answered yet has the rest of the ten seconds of a stop, but for the time to record how it went.
    grace: () => Math.max(STOP_WITHIN - closers.since(), 500),
    hold: { email: UNKNOWN_MAIL === 'hold', sms: UNKNOWN_SMS === 'hold' },
    ...(workers ? { workers } : {}),
    picturesOf: picturesOf(context),
    site: siteName(config),
    unsubscribe: unsubscribeLinks(keys.hmac).linkOf,
    // Mails of an outbox reach nobody: nothing there has to wait for anybody.
    ...(config.MAIL_URL.startsWith('outbox:') ? {} : { strangerMails: strangerMailsIn(limits) }),
  };
}

/** Finds what mails link of a task's pictures; undefined where they link none. */
function picturesOf({ ports: { readModels, secrets }, access: { commands }, config, log }: PartContext<'notifier'>): DeliveriesContext['picturesOf'] {
  const base = linkedPicturesAt(config);
  if (base === undefined && config.MAIL_PICTURES)
    log.warn(
      'MAIL_PICTURES is set, and neither MEDIA_PUBLIC_URL nor PUBLIC_URL: mails link no pictures, since no address of theirs is known elsewhere',
    );
  return base === undefined ? undefined : mailPicturesIn({ readModels, commands, secrets, base, scanning: config.MEDIA_SCAN !== undefined });
}

/** Makes the starter of a process with one delivery worker alone. */
export function deliveriesOnly(channel: DeliveredChannel): (context: PartContext<'notifier'>) => Promise<StartedPart> {
  return async (context) => {
    const { ports, closers } = context;
    const sender = channel === 'email' ? { mailer: ports.mailer.mailer } : { texter: ports.texter.texter };
    closers.add(startDeliveries({ ...deliveryContext(context), ...sender, workers: { [channel]: 1 } }), (it) => it.stop());
    return {};
  };
}

async function mediaPart(part: PartContext<'media'>): Promise<StartedPart> {
  const { ports, log, metrics, closers, access, config, requests, publicUrl, whileStarting } = part;
  const { store, bus, readModels, cache, files, secrets } = ports;
  const { commands, keys, limits, identity } = access;
  const { add } = closers;
  if (config.PUBLIC_URL !== undefined && config.MEDIA_PUBLIC_URL === undefined)
    log.warn('MEDIA_PUBLIC_URL is not set: what people upload is served from the origin of the pages; another origin would keep it apart from them');
  const users = { secrets, callerOf: identity.callerOf, seesAll: identity.seesAll };
  const settings = mediaSettings(config);
  const context = { store, bus, readModels, cache, files, commands, limits, hmac: keys.hmac, log, metrics, settings, publicUrl, add };
  const media = await startMedia({ ...context, ...users, whileStarting });
  for (const one of media.parking) serveReleases(one, { requests, closers });
  access.erasing.add({ steps: fileSteps({ files, commands, readModels, store, now: () => new Date() }, storeKindOf(config.FILES_URL)) });
  return { routes: media.routes, followers: media.followers.map((one) => lagging(store, one)) };
}

function mediaSettings(config: Config) {
  const { MEDIA_MOST_BYTES: mostBytes, MEDIA_ORPHAN_DAYS: orphanDays, MEDIA_PUBLIC_URL: publicOrigin } = config;
  const bounds = { mostBytes, bytesOfUser: config.MEDIA_USER_MB * 1_000_000, bytesOfAll: config.MEDIA_TOTAL_MB * 1_000_000 };
  const kept = { orphanDays, keepOriginal: config.MEDIA_KEEP_ORIGINAL };
  return { ...bounds, ...kept, spool: join(config.DATA_DIR, 'spool'), scan: config.MEDIA_SCAN, publicOrigin };
}

async function realtimePart(context: PartContext<'realtime'>): Promise<StartedPart> {
  const { ports, log, metrics, access, config, server, closers, whileStarting } = context;
  const { store, bus } = ports;
  const { identity, commands, audit } = access;
  const fanOut = closers.add(await openFanOut(config.CACHE_URL, { log }), (it) => it.close());
  const realtime = await startRealtime({
    server,
    fanOut,
    store,
    bus,
    log,
    authenticate: identity.authenticate,
    endedAmong: identity.endedAmong,
    expectUnbound: identity.expectUnbound,
    mayRead: topicReader(commands),
    audit: audit.note,
    seesAll: identity.seesAll,
    origins: config.ALLOWED_ORIGINS,
    apart: config.MEDIA_PUBLIC_URL,
    polling: config.SOCKET_POLLING,
    trustProxy: config.TRUST_PROXY,
    limits: {
      sockets: config.SOCKET_LIMIT,
      socketsOfNetwork: config.SOCKET_NETWORK_LIMIT,
      waitingOfNetwork: config.SOCKET_HANDSHAKE_LIMIT,
      socketsOfUser: config.SOCKET_USER_LIMIT,
    },
    whileStarting,
  });
  access.erasing.add({ forget: realtime.forget });
  metrics.gauge('sockets', 'Open sockets.', () => ({ all: realtime.sockets() }));
  return {
    followers: [{ name: 'realtime', active: () => true, lag: () => countAfter(store, realtime.position(), MOST_LAG), paces: realtime.paces }],
    waits: () => (realtime.ready() ? [] : ['the changes that sockets may have missed']),
    answering: realtime,
  };
}

async function gatewayPart({ ports, metrics, access, requests, config, publicUrl }: PartContext<'gateway'>): Promise<StartedPart> {
  const { store, secrets, readModels, bus, pages } = ports;
  const { commands, limits, keys } = access;
  const codes = openVisitCodes({ secrets, hmac: keys.hmac });
  const visits = { commands, codes, limits, hmac: keys.hmac, now: () => new Date() };
  metrics.gauge('queue_depth', 'Messages in a queue.', async () => Object.fromEntries((await bus.queues()).map((one) => [one.name, one.depth])));
  return {
    routes: [
      ...access.identity.routes,
      ...routesWith({ audit: access.audit }, auditRoutes),
      ...routesWith(visits, visitRoutes),
      ...personExportRoutes({ store, readModels, ...access }),
      ...routesWith({ ...access.erasing.answers, check: erasureCheckOn({ store, secrets, readModels }) }, erasureRoutes),
      ...routesWith(administration({ store, readModels, bus, requests }), adminRoutes),
      ...routesWith(pages, pageRoutes),
      ...routesWith({ securityContact: config.SECURITY_CONTACT, publicUrl: config.PUBLIC_URL, now: () => new Date() }, wellKnownRoutes),
      ...routesWith(
        documentsOf(ALL_ROWS, version, () => outsideBroker(config.BUS_URL, publicUrl())),
        docRoutes,
      ),
    ],
  };
}

/** Has operators release what a dispatcher or another follower has set aside. */
function serveReleases(
  follower: Pick<ParkingFollower, 'name' | 'active' | 'release'>,
  { requests, closers }: { requests: Requests; closers: Closers },
): void {
  const stopServing = requests.serve(follower.name, {
    active: follower.active,
    carryOut: async (action, stream) => ({ released: await follower.release(stream, action === 'discard') }),
  });
  closers.add(stopServing, (stop) => stop());
}

function lagging(store: EventStore, { name, active, position, paces }: Follower): HealthOfFollower {
  return { name, active, paces, lag: () => countAfter(store, position(), MOST_LAG) };
}
