/** The rows that an operator's command line asks: those of the running process, or the same rows on the stores themselves. */

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { ProblemError } from '../../contracts/problem.ts';
import { type AuditLog, openAuditLog } from '../../gateway/audit/audit-log.ts';
import { erasureRoutes } from '../../gateway/erasing/erasure-routes.ts';
import { openIdentity } from '../../gateway/identity/identity.ts';
import { loadKeys } from '../../gateway/identity/keys.ts';
import { operatorAccounts } from '../../gateway/identity/operator-accounts.ts';
import { OPERATOR } from '../../gateway/operator.ts';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { auditedOf } from '../../platform/http/audited.ts';
import { openLimits } from '../../platform/http/limits/limits.ts';
import { openMetrics } from '../../platform/http/metrics.ts';
import { type Answer, type AuditNote, type Route, type RouteRequest, routesWith } from '../../platform/http/route.ts';
import { validBody, validId, validQuery } from '../../platform/http/validate.ts';
import { openProcessLog } from '../../platform/log.ts';
import { openingBus } from '../../platform/sealing/opening-bus.ts';
import { UserError } from '../../platform/user-error.ts';
import { PROJECTIONS, startProjections } from '../../projections/project.ts';
import { projectors } from '../../projections/projectors.ts';
import { readRoutes } from '../../read-side/query-routes.ts';
import { commandRoutes } from '../../write-side/command-routes.ts';
import { commandHandler } from '../../write-side/handle-command.ts';
import { type Closers, openClosers } from '../closers.ts';
import type { Config } from '../config.ts';
import { erasureCheckOn } from '../erasing/check.ts';
import { openProcessErasing } from '../erasing/process.ts';
import { openPorts, type Ports } from '../open-ports.ts';
import { isEmbedded, needsOf } from '../parts.ts';
import { personExportRoutes } from '../person-export.ts';
import { type Ask, type AskedRows, inOneLine, lockOrAsk, type OpenAnswer } from './lock-or-ask.ts';
import { complain } from './print.ts';

/**
 * Runs `work`, whose `ask` and `open` go to the process that runs on the folder; where there is none, or the stores are servers, to the rows in this process.
 * Errors: those of the work; FolderError; `UserError` with one line where a row refuses.
 */
export async function asOperator(config: Config, work: (ask: Ask, open: OpenAnswer) => Promise<void>): Promise<void> {
  if (!isEmbedded(config.EVENT_STORE_URL)) return onStores(config, work);
  await lockOrAsk(config.DATA_DIR, () => onStores(config, work), work);
}

/** Milliseconds after which the command prints which servers it waits for. */
const HINT_AFTER = 2_000;

async function onStores(config: Config, work: (ask: Ask, open: OpenAnswer) => Promise<void>): Promise<void> {
  const closers = openClosers();
  const log = openProcessLog({ level: 'error' });
  const waits = new Set<string>();
  const hint = setTimeout(() => waits.size > 0 && complain(`Waiting for ${[...waits].join(', ')}.`), HINT_AFTER);
  try {
    const { store, personKeys, readModels, cache, secrets } = await openPorts(config, needsOf(['read-side']), {
      log,
      metrics: openMetrics(),
      closers,
      waits,
      signal: new AbortController().signal,
    });
    // Only where this process has the folder alone, because one process at a time feeds read models.
    if (isEmbedded(config.EVENT_STORE_URL) && isEmbedded(config.READ_MODELS_URL))
      await bringUpToDate({ store, personKeys, readModels, cache }, closers, log);
    const keys = await loadKeys(secrets, { jwtSecret: config.JWT_SECRET });
    const { hmac } = keys;
    const commands = closers.add(commandHandler({ store, hmac, log }), (it) => it.settle());
    const limits = await openLimits('memory:', { hmac });
    const audit = closers.closing(openAuditLog({ secrets, days: config.AUDIT_DAYS, log }));
    const identity = await openIdentity({ secrets, keys, commands, store, limits, log, config: { taskVisibility: config.TASK_VISIBILITY } });
    const routes = [
      ...routesWith({ store, readModels, cache, commands }, readRoutes),
      ...routesWith({ commands, hmac }, commandRoutes),
      ...identity.routes.filter(({ path }) => path === operatorAccounts.row.path),
      ...personExportRoutes({ store, readModels, identity, audit, limits }),
      ...routesWith(
        { ...openProcessErasing({ store, hmac, log, isSealed: async () => true }).answers, check: erasureCheckOn({ store, secrets, readModels }) },
        erasureRoutes,
      ),
    ];
    const { ask, open } = askRoutes(routes, audit.note);
    await work(ask, open);
  } finally {
    clearTimeout(hint);
    await closers.closeAll();
  }
}

/** Milliseconds for which a read model is waited for; afterwards the rows themselves report what is missing. */
const CATCH_UP_PATIENCE = 60_000;

/** Brings the read models up to date: on a folder that nobody runs on they are as the last process left them, or of an older version. */
async function bringUpToDate(
  { store, personKeys, readModels, cache }: Pick<Ports, 'store' | 'personKeys' | 'readModels' | 'cache'>,
  closers: Closers,
  log: Logger,
): Promise<void> {
  const bus = openingBus(closers.closing(await openEventBus('memory:', { queues: [PROJECTIONS.queue], log })), personKeys);
  closers.add(await startProjections({ store, bus, readModels, cache, log }), (it) => it.stop());
  const head = await store.head();
  for (const { model } of projectors) await readModels.reached(model, head, CATCH_UP_PATIENCE);
}

/** Makes the function that asks the rows themselves, as HTTP would for the operator, and notes what HTTP would. */
function askRoutes(routes: readonly Route[], note: AuditLog['note']): AskedRows {
  async function answerOf(method: string, path: string, body?: unknown): Promise<Answer> {
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    for (const route of routes.filter((one) => one.method === method)) {
      const params = paramsOf(route.path, pathname);
      if (params) return refusedInOneLine(() => noted(route, requestOf(route, params, { searchParams, body }), note));
    }
    throw new UserError(`There is nothing at ${path}.`);
  }

  return {
    ask: async <T>(method: string, path: string, body?: unknown) => (await answerOf(method, path, body)).body as T,
    open: async (path) => {
      const { open } = await answerOf('GET', path);
      if (!open) throw new UserError(`There is no stream at ${path}.`);
      return refusedInOneLine(open);
    },
  };
}

function requestOf(route: Route, { id }: { id?: string }, { searchParams, body }: { searchParams: URLSearchParams; body: unknown }): RouteRequest {
  return {
    params: id === undefined ? {} : { id: validId(id) },
    query: route.query && validQuery(route.query, Object.fromEntries(searchParams)),
    body: route.body ? validBody(route.body, body) : undefined,
    caller: OPERATOR,
    header: () => undefined,
    ip: '',
    requestId: randomUUID(),
  };
}

/** Answers a request, and notes it as the audit log is told of one over HTTP. */
async function noted(route: Route, request: RouteRequest, note: AuditLog['note']): Promise<Answer> {
  let audit: AuditNote = route.audit ? { kind: route.audit } : {};
  const tell = (status: number) => {
    const { method, path, status: usual = 200 } = route;
    const answered = { route: path, method, status: status || usual, params: request.params, user: OPERATOR.id, audit };
    for (const seen of auditedOf(answered)) note(seen);
  };
  const hear = (more: AuditNote) => {
    audit = { ...audit, ...more };
  };
  try {
    const answer = await route.handle({ ...request, audit: hear });
    tell(answer.status ?? 0);
    return answer;
  } catch (error) {
    if (error instanceof ProblemError) tell(error.status);
    throw error;
  }
}

async function refusedInOneLine<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof ProblemError ? new UserError(inOneLine(error.message, error.errors), { cause: error }) : error;
  }
}

/** The parameters of a path; null where it does not fit the pattern. */
function paramsOf(pattern: string, path: string): { id?: string } | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length || !wanted.every((part, n) => part === ':id' || part === given[n])) return null;
  const at = wanted.indexOf(':id');
  return at < 0 ? {} : { id: given[at] ?? '' };
}
