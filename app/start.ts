/** Starts parts in one process: all of them, or one. The order is the data's path. */

import type { Logger } from 'pino';
import { openAuditLog } from '../gateway/audit/audit-log.ts';
import { openIdentity } from '../gateway/identity/identity.ts';
import { loadKeys } from '../gateway/identity/keys.ts';
import { type Operator, openOperator } from '../gateway/operator.ts';
import { openStartPatience } from '../platform/absences/while-starting.ts';
import { openBriefCache } from '../platform/brief-cache/brief-cache.ts';
import { lockFolderSoon } from '../platform/data-folder-lock.ts';
import { type AppendHealth, openAppendHealth } from '../platform/event-store/append-health.ts';
import { openRequests } from '../platform/followers/requests.ts';
import { type Standstills, watchStandstills } from '../platform/followers/standstills.ts';
import { createApp } from '../platform/http/app.ts';
import { openLimits } from '../platform/http/limits/limits.ts';
import { type Listening, listen } from '../platform/http/listen.ts';
import { type Health, healthRoutes, type Metrics, openMetrics } from '../platform/http/metrics.ts';
import { startingListener } from '../platform/http/not-ready.ts';
import { type Route, routesWith } from '../platform/http/route.ts';
import { securityHeaders } from '../platform/http/security-headers.ts';
import { openProcessLog } from '../platform/log.ts';
import { outletOf } from '../platform/outlet.ts';
import { sealingNotes } from '../platform/sealing/sealing-log.ts';
import { shownEmail } from '../platform/shown-email.ts';
import { commandHandler } from '../write-side/handle-command.ts';
import { version } from './checkout.ts';
import { type Closers, openClosers } from './closers.ts';
import { type Config, limitsIn, unconfirmedMay } from './config.ts';
import { fromSecrets } from './erasing/from-secrets.ts';
import { openProcessErasing } from './erasing/process.ts';
import { gaugeFolder } from './folder-metrics.ts';
import { healthOf } from './health.ts';
import { fileOrigins, linksProblem, pagesAt } from './links.ts';
import { oidcSettings } from './oidc-settings.ts';
import { openPorts } from './open-ports.ts';
import { sealedCopy } from './operator/sealed-copy.ts';
import { ALL_PARTS, isEmbedded, type Need, needsOf, type Part, usesFolder } from './parts.ts';
import { asRefusedFile } from './refused-files.ts';
import { ALL_ROWS } from './rows.ts';
import { type Access, type PartContext, type StartedPart, startPart } from './start-parts.ts';
import { writesOf } from './writes.ts';

export interface RunningProcess {
  /** The address where the process listens: `http://HOST:PORT`. */
  url: string;
  /** The log of the process. */
  log: Logger;
  /** Finishes the work at hand and closes everything. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** The parts to start; default: all. */
  parts?: readonly Part[];
  /** The name of the process in its log and its first line; default: the part, where it is one. */
  name?: string;
  /** Ends a start that waits for servers. */
  signal?: AbortSignal;
  /** Delivery workers in this process, by channel, where the notifier is among its parts. */
  workers?: PartContext['workers'];
  /** The ports that the parts need, but this process does not. */
  without?: readonly Need[];
  /** The opener of the ports; default: `openPorts`. */
  ports?: typeof openPorts;
  /** A starter in place of the parts' own, for a process that is only some of a part. */
  only?: (context: PartContext) => Promise<StartedPart>;
}

/** Starts parts and prints where the process listens. After an error everything that was opened is closed again. */
export async function start(config: Config, options: StartOptions = {}): Promise<RunningProcess> {
  const closers = openClosers();
  try {
    return await startWith(config, options, closers);
  } catch (error) {
    await closers.closeAll().catch(() => {});
    throw asRefusedFile(error, config);
  }
}

/** Says where links in mails lead. With an outbox that is as it should be, as in the image's own start: whoever reads a mail there is at this address. */
function tellOfLinks(config: Config, { log, listening }: { log: Logger; listening: string }): void {
  const problem = linksProblem(config, listening);
  if (problem) log[config.MAIL_URL.startsWith('outbox:') ? 'info' : 'warn'](problem);
}

async function startWith(config: Config, options: StartOptions, closers: Closers): Promise<RunningProcess> {
  const { parts = ALL_PARTS, name, signal, without } = withName(options);
  const needs = needsOf(parts, without);
  const metrics = openMetrics();
  const log = logOf(config, name, metrics);
  // Files hold names, addresses and secrets: they are for this user's eyes only.
  process.umask(0o077);
  const operator = await openFolder(config, needs, closers);
  if (usesFolder(needs, config)) gaugeFolder(config.DATA_DIR, metrics);

  // The process listens from the start on, to tell which servers it waits for.
  const waits = new Set<string>();
  const listening = await listen(
    startingListener(metrics, () => [...waits]),
    { PORT: config.PORT, HOST: config.HOST, headers: securityHeaders(config.PUBLIC_URL) },
    { body: config.BODY_SECONDS * 1_000, rate: config.BODY_RATE },
  );
  closers.add(listening, (it) => it.close());
  const appends = openAppendHealth({ log });
  const misfits = new Set<string>();
  const ports = await (options.ports ?? openPorts)(config, needs, { log, metrics, closers, appends, waits, misfits, signal });
  const whileStarting = openStartPatience({ log, signal, waits, lasts: (error) => asRefusedFile(error, config) !== error });
  const context = await openProcess(config, options, { log, metrics, closers, ports, listening, whileStarting });
  const started = await startParts(parts, options, context);
  const paces = started.flatMap(({ followers = [] }) => followers.flatMap((one) => one.paces));
  const standstills = watchStandstills({ paces: () => paces, head: () => ports.store.head(), lost: () => [...waits], log });
  closers.add(standstills, (it) => it.stop());
  // Closing begins with the sockets, then the server (which waits for all connections, also sockets), then the followers, then the ports.
  closers.add(listening, (it) => it.close());
  for (const { answering } of started) closers.add(answering, (it) => it?.stop());

  let stopping = false;
  const app = openApp(context, {
    parts,
    started,
    operator,
    appends,
    standstills,
    others: () => [...misfits, ...started.flatMap(({ waits: own }) => own?.() ?? []), ...standstills.waits()],
    stopping: () => stopping,
  });
  // Only now, so that a start that fails before prints no password.
  if (parts.includes('gateway')) await ensureAdmin(config, context);
  listening.answer(app.callback());
  if (operator) await closers.add(operator, (it) => it.retire()).announce(listening.url);
  if (parts.includes('notifier')) tellOfLinks(config, { log, listening: listening.url });
  outletOf(1).write(`taskledger ${version}${name ? ` ${name}` : ''} listens on ${listening.url} (pid ${process.pid})\n`);
  return {
    url: listening.url,
    log,
    stop: () => {
      stopping = true;
      return closers.closeAll();
    },
  };
}

/** Locks DATA_DIR where a port keeps data in it. Resolves to the operator's way in, which embedded stores need; else null. */
async function openFolder(config: Config, needs: ReadonlySet<Need>, closers: Closers): Promise<Operator | null> {
  if (usesFolder(needs, config)) closers.add(await lockFolderSoon(config.DATA_DIR), (lock) => lock.release());
  if (!isEmbedded(config.EVENT_STORE_URL)) return null;
  sealedCopy(config.DATA_DIR).finishReplacing();
  const operator = openOperator(config.DATA_DIR);
  await operator.retire();
  return operator;
}

async function openProcess(
  config: Config,
  { parts = ALL_PARTS, workers }: StartOptions,
  { listening, ...opened }: Pick<PartContext, 'log' | 'metrics' | 'closers' | 'ports' | 'whileStarting'> & { listening: Listening },
): Promise<PartContext> {
  const needs = needsOf(parts);
  const { ports, log } = opened;
  const publicUrl = () => pagesAt(config, listening.url);
  const access = needs.has('secrets') ? await openAccess(config, { ...opened, publicUrl }) : null;
  const requests = needs.has('bus') ? openRequests({ store: ports.store, log }) : null;
  return {
    ...opened,
    config,
    workers,
    server: listening.server,
    publicUrl,
    get requests() {
      return requests ?? missing('requests');
    },
    get access() {
      return access ?? missing('an identity');
    },
  };
}

interface AppParts {
  parts: readonly Part[];
  started: readonly StartedPart[];
  operator: Operator | null;
  appends: AppendHealth;
  standstills: Standstills;
  others(): string[];
  stopping(): boolean;
}

/** The app with the routes of these parts and of health. The gateway also knows the rows of all other parts. */
function openApp(context: PartContext, { parts, started, operator, appends, standstills, others, stopping }: AppParts) {
  const { config, log, metrics, ports } = context;
  const needs = needsOf(parts);
  const routes = started.flatMap(({ routes: own = [] }) => own);
  const followers = started.flatMap(({ followers: own = [] }) => own);
  const writes = writesOf(parts, ports);
  const health = healthOf({ ports, needs, stopping, followers, appends: routes.some(commands) ? appends : null, writes, others });
  gaugeHealth(metrics, { health, appends, standstills });
  return createApp({
    routes: [...routes, ...routesWith({ metrics, health }, healthRoutes)],
    elsewhere: parts.includes('gateway') ? ALL_ROWS : [],
    ...authentication(needs.has('secrets') ? context.access : null),
    ...(operator ? { operator: operator.caller } : {}),
    origins: config.ALLOWED_ORIGINS,
    apart: config.MEDIA_PUBLIC_URL === undefined ? undefined : { origin: config.MEDIA_PUBLIC_URL, paths: '/media/' },
    trustProxy: config.TRUST_PROXY,
    slowBodies: config.SLOW_BODY_LIMIT,
    log,
    observe: metrics.request,
    ...(needs.has('secrets') ? { audit: context.access.audit.note } : {}),
    refused: () => metrics.count('refused_requests', 1),
  });
}

function withName(options: StartOptions) {
  const [first, second] = options.parts ?? ALL_PARTS;
  return { name: second ? undefined : first, signal: new AbortController().signal, ...options };
}

/** The log of this process, which also tells when standard output cannot be written. */
function logOf({ LOG_LEVEL: level }: Config, part: string | undefined, metrics: Metrics): Logger {
  const base = part ? { base: { pid: process.pid, part } } : {};
  const log = openProcessLog({ level, redact: ['req.headers.authorization', '*.password', '*.token'], ...base });
  outletOf(2).watch({ lost: (lines) => metrics.count('lost_log_lines', lines) });
  outletOf(1).watch({ failing: (code) => log.warn({ code }, 'standard output cannot be written; its lines wait until it can') });
  return log;
}

/** Starts the parts in the order of the data's path. */
async function startParts(parts: readonly Part[], { only }: StartOptions, context: PartContext): Promise<StartedPart[]> {
  const started: StartedPart[] = only ? [await only(context)] : [];
  for (const part of only ? [] : ALL_PARTS) if (parts.includes(part)) started.push(await startPart[part](context));
  // Only now, because each part has added what it erases.
  if (needsOf(parts).has('secrets')) context.closers.add(context.access.erasing.start(), (it) => it.stop());
  return started;
}

/** True for a route whose answer may need something to be recorded. */
const commands = ({ method }: Route) => method !== 'GET';

function gaugeHealth(metrics: Metrics, { health, appends, standstills }: { health: Health; appends: AppendHealth; standstills: Standstills }): void {
  metrics.gauge('standstill_seconds', 'Seconds for which a follower or read model has had something to do and not got on.', standstills.seconds);
  metrics.gauge('recording_failed_seconds', 'Seconds for which nothing could be recorded; 0 while something can.', async () => {
    await health.waits();
    return { all: appends.seconds() };
  });
  metrics.gauge('follower_lag', 'Events a follower is behind, up to a bound; of those active here.', async () => {
    const all = Object.entries(await health.followers());
    return Object.fromEntries(all.filter(([, { active }]) => active).map(([follower, { lag }]) => [follower, lag]));
  });
}

function missing(what: string): never {
  throw new Error(`this part was not given ${what}: add what it needs to app/parts.ts`);
}

/** Opens the identity of callers and the command handler: the same in every part that answers people. */
async function openAccess(
  config: Config,
  context: Pick<PartContext, 'ports' | 'closers' | 'log' | 'whileStarting' | 'publicUrl' | 'metrics'>,
): Promise<Access> {
  const { ports, closers, log, metrics, whileStarting, publicUrl } = context;
  const settings = oidcSettings(config);
  const { store, secrets, personKeys } = ports;
  const keys = await whileStarting(() => loadKeys(secrets, { jwtSecret: config.JWT_SECRET }));
  const limits = closers.add(await openLimits(config.LIMITS_URL ?? config.CACHE_URL, { ...limitsIn(config), hmac: keys.hmac, log }), (it) =>
    it.close(),
  );
  const audit = closers.closing(
    openAuditLog({ secrets, days: config.AUDIT_DAYS, log, lost: (entries) => metrics.count('lost_audit_entries', entries) }),
  );
  const commands = closers.add(commandHandler({ store, hmac: keys.hmac, log, count: metrics.command }), (it) => it.settle());
  const reserved = await whileStarting(commands.reserveAnew);
  if (reserved > 0) log.warn({ reserved }, 'the secrets are new: every address is reserved anew; passwords are lost with the old ones');
  const briefCache = await openBriefCache(config.CACHE_URL, { log });
  if (briefCache) closers.add(briefCache, (it) => it.close());
  const identity = await openIdentity({
    briefCache,
    asked: (how) => metrics.count(`sessions_${how}`, 1),
    secrets,
    keys,
    commands,
    store,
    config: {
      taskVisibility: config.TASK_VISIBILITY,
      unconfirmed: unconfirmedMay(config),
      registrations: config.REGISTRATION,
      sessions: { idleDays: config.SESSION_IDLE_DAYS, mostDays: config.SESSION_MOST_DAYS },
      requireSecondFactor: config.REQUIRE_2FA ?? [],
      sendsSms: config.SMS_URL !== 'none:',
      directUploads: fileOrigins(config).posts.length > 0,
    },
    limits,
    ...(settings ? { oidc: { settings, publicUrl } } : {}),
    log,
  });
  const erasing = openProcessErasing({ store, hmac: keys.hmac, log, isSealed: async () => (await sealingNotes(store)).whole });
  erasing.add({ forget: commands.forget });
  const removing = fromSecrets({ secrets, identity, personKeys, hmac: keys.hmac });
  const again = await whileStarting(() => erasing.removeAgain({ keys: personKeys, removing }));
  if (again > 0) log.warn({ people: again }, 'the secrets are older than erasures: what they had of people who were erased is removed again');
  return { keys, commands, identity, limits, audit, erasing, removing };
}

/** The authentication of callers. A process without access to secrets has no row that asks for a caller. */
function authentication(access: Access | null): Pick<Parameters<typeof createApp>[0], 'accessTokens' | 'callerOf' | 'admit' | 'limit'> {
  if (access) {
    const { accessTokens, callerOf, admit } = access.identity;
    return { accessTokens, callerOf, admit, limit: access.limits.consume };
  }
  return { accessTokens: { secret: 'nobody is let in here' }, callerOf: () => missing('an identity') };
}

async function ensureAdmin(
  config: Config,
  { access: { identity }, whileStarting }: Pick<PartContext<'gateway'>, 'access' | 'whileStarting'>,
): Promise<void> {
  const password = await identity.ensureAdmin(config.ADMIN_EMAIL, config.ADMIN_PASSWORD, whileStarting);
  if (password) outletOf(1).write(`The first admin is ${shownEmail(config.ADMIN_EMAIL)} with the password ${password} (shown only now)\n`);
}
