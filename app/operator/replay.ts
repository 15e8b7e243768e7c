/** `npm start -- replay [projection…]`: makes read models anew from history. Where a process runs on the folder, it does it, and goes on serving. */

import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { RebuildState } from '../../gateway/admin-routes.ts';
import { type Running, readRunning } from '../../gateway/operator.ts';
import { openCache } from '../../platform/cache/open.ts';
import { checkInstalled, FolderError, lockFolder } from '../../platform/data-folder-lock.ts';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { openRequests, type Requests } from '../../platform/followers/requests.ts';
import { openReadModels } from '../../platform/read-models/open.ts';
import { UserError } from '../../platform/user-error.ts';
import { showProgress } from '../../projections/progress.ts';
import { PROJECTIONS, startProjections } from '../../projections/project.ts';
import { projectionNames } from '../../projections/status.ts';
import type { Config } from '../config.ts';
import { isEmbedded } from '../parts.ts';

/** Rebuilds the named projections, or all. Error: one clear line for a name that is none. */
export async function replay(config: Config, names: string[]): Promise<void> {
  if (!isEmbedded(config.EVENT_STORE_URL)) return replayByRequest(config, chosen(names, [...projectionNames]));
  checkInstalled(config.DATA_DIR);
  const lock = lockUnlessHeld(config.DATA_DIR);
  if (lock) {
    try {
      return await replayHere(config, names);
    } finally {
      lock.release();
    }
  }
  const running = await readRunning(config.DATA_DIR);
  if (!running) throw new FolderError(`The folder ${config.DATA_DIR} is held by a process that has not started yet. Try again in a moment.`);
  await replayThere(running, names);
}

function lockUnlessHeld(dataDir: string): { release(): void } | null {
  try {
    return lockFolder(dataDir);
  } catch (error) {
    if (error instanceof FolderError && error.held) return null;
    throw error;
  }
}

/** Checks names against those there are. */
function chosen(names: string[], there: string[]): string[] {
  const unknown = names.filter((name) => !there.includes(name));
  if (unknown.length === 0) return names.length > 0 ? names : there;
  throw new UserError(`There is no projection ${unknown.join(', ')}; there are ${there.join(', ')}.`);
}

async function replayHere(config: Config, names: string[]): Promise<void> {
  const { DATA_DIR: dataDir } = config;
  const log = pino({ level: 'error' }, pino.destination(2));
  const store = await openEventStore(config.EVENT_STORE_URL, { dataDir, log });
  const readModels = await openReadModels(config.READ_MODELS_URL, { dataDir, log });
  const bus = await openEventBus(config.BUS_URL, { queues: [PROJECTIONS.queue], log });
  const cache = await openCache(config.CACHE_URL);
  const projections = await startProjections({ store, bus, readModels, cache, log });
  try {
    for (const name of chosen(
      names,
      (await projections.status()).map((one) => one.name),
    )) {
      const progress = showProgress(name);
      progress.done(await projections.rebuild(name, progress.update));
    }
  } finally {
    await projections.stop();
    for (const port of [cache, bus, readModels, store]) await port.close();
  }
}

/** Milliseconds after which it says that nobody has begun. */
const HINT_AFTER = 5_000;

/** On shared stores the projections process that is active does it, and goes on serving. */
async function replayByRequest(config: Config, names: readonly string[]): Promise<void> {
  const log = pino({ level: 'warn' }, pino.destination(2));
  const store = await openEventStore(config.EVENT_STORE_URL, { dataDir: config.DATA_DIR, log });
  try {
    const requests = openRequests({ store, log, every: 200 });
    for (const name of names) await replayOne(requests, name);
  } finally {
    await store.close();
  }
}

async function replayOne(requests: Requests, name: string): Promise<void> {
  let request = await requests.ask('projections', 'rebuild', name);
  const progress = showProgress(name);
  const hint = setTimeout(
    () => process.stderr.write('No process that runs projections has begun yet. Start one: npm start -- projections\n'),
    HINT_AFTER,
  );
  while (request.state === 'waiting' || request.state === 'running') {
    request = await requests.settled('projections', request, AbortSignal.timeout(200));
    if (request.report.events === undefined) continue;
    clearTimeout(hint);
    progress.update(request.report as unknown as RebuildState);
  }
  clearTimeout(hint);
  if (request.state === 'failed') throw new Error(`${name} was not rebuilt: ${request.error}`);
  progress.done(request.report as unknown as RebuildState);
}

async function replayThere(running: Running, names: string[]): Promise<void> {
  const { items } = await ask<{ items: { name: string }[] }>(running, 'GET', '');
  for (const name of chosen(
    names,
    items.map((one) => one.name),
  )) {
    const progress = showProgress(name);
    let state = await ask<RebuildState>(running, 'POST', `/${name}/rebuild`);
    while (state.state === 'running') {
      progress.update(state);
      await delay(100);
      state = await ask<RebuildState>(running, 'GET', `/${name}/rebuild`);
    }
    if (state.state === 'failed') throw new Error(`${name} was not rebuilt: ${state.error}`);
    progress.done(state);
  }
}

async function ask<T>({ url, token }: Running, method: string, path: string): Promise<T> {
  const request = { method, headers: { Authorization: `Bearer ${token}` } };
  const response = await fetch(`${url}/api/admin/projections${path}`, request).catch((cause: unknown) => {
    throw new UserError(`The running process does not answer at ${url}. Try again in a moment.`, { cause });
  });
  const body = (await response.json()) as T & { detail?: string };
  if (response.ok) return body;
  throw new Error(`the running process answered ${response.status}: ${body.detail}`);
}
