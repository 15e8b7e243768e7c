/** `npm start -- replay [projection…]`: rebuilds read models from the log. A process that runs on the folder does it while it serves. */

import { setTimeout as delay } from 'node:timers/promises';
import type { RebuildState } from '../../gateway/admin-routes.ts';
import { openCache } from '../../platform/cache/open.ts';
import { openEventBus } from '../../platform/event-bus/open.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { BEAT, openRequests, type RequestState, type Requests } from '../../platform/followers/requests.ts';
import { openProcessLog } from '../../platform/log.ts';
import { openReadModels } from '../../platform/read-models/open.ts';
import { openingBus } from '../../platform/sealing/opening-bus.ts';
import { UserError } from '../../platform/user-error.ts';
import { showProgress } from '../../projections/progress.ts';
import { PROJECTIONS, startProjections } from '../../projections/project.ts';
import { projectionNames } from '../../projections/status.ts';
import { openClosers } from '../closers.ts';
import type { Config } from '../config.ts';
import { ownerOnServer } from '../owner.ts';
import { isEmbedded } from '../parts.ts';
import { type Ask, lockOrAsk } from './lock-or-ask.ts';
import { openStoreBehindEdge } from './opened-store.ts';
import { complain, screen } from './print.ts';
import { rebuildEach, untilAnswered } from './rebuild-each.ts';

/** Rebuilds the named projections, or all. Error: one line for an unknown name. */
export async function replay(config: Config, names: string[]): Promise<void> {
  if (!isEmbedded(config.EVENT_STORE_URL)) return replayByRequest(config, chosen(names, [...projectionNames]));
  await lockOrAsk(
    config.DATA_DIR,
    () => replayHere(config, names),
    (ask) => replayThere(ask, names),
  );
}

/** The chosen names, all where none is given. Error: one line for an unknown name. */
function chosen(names: string[], there: string[]): string[] {
  const unknown = names.filter((name) => !there.includes(name));
  if (unknown.length === 0) return names.length > 0 ? names : there;
  throw new UserError(`There is no projection ${unknown.join(', ')}; there are ${there.join(', ')}.`);
}

async function replayHere(config: Config, names: string[]): Promise<void> {
  const { DATA_DIR: dataDir } = config;
  const log = openProcessLog({ level: 'error' });
  const { add, closing, closeAll } = openClosers();
  try {
    const { store, keys } = await openStoreBehindEdge(config, { closing }, log);
    const readModels = closing(
      await openReadModels(config.READ_MODELS_URL, { dataDir, log, installation: await ownerOnServer(config.READ_MODELS_URL, store) }),
    );
    const bus = openingBus(closing(await openEventBus(config.BUS_URL, { queues: [PROJECTIONS.queue], log })), keys);
    const cache = closing(await openCache(config.CACHE_URL));
    const projections = add(await startProjections({ store, bus, readModels, cache, log }), (it) => it.stop());
    const there = (await projections.status()).map((one) => one.name);
    await rebuildEach(chosen(names, there), async (name) => {
      const progress = showProgress(name, screen);
      progress.done(await projections.rebuild(name, progress.update));
    });
  } finally {
    await closeAll();
  }
}

/** The hints that the command prints, each after so many milliseconds in which nothing changed. */
const NOT_BEGUN = { after: 5_000, hint: 'No process that runs projections has begun yet. Start one: npm start -- projections' };
const NOT_HEARD = {
  after: 3 * BEAT,
  hint: 'Nothing is heard any more of the process that had begun. The next one that runs projections begins again: npm start -- projections',
};

/** On shared stores: asks the active projections process for the rebuilds, which does them while it serves. */
async function replayByRequest(config: Config, names: readonly string[]): Promise<void> {
  const log = openProcessLog({ level: 'warn' });
  const store = await openEventStore(config.EVENT_STORE_URL, { dataDir: config.DATA_DIR, log });
  try {
    const requests = openRequests({ store, log, every: 200 });
    await rebuildEach(names, (name) => replayOne(requests, name));
  } finally {
    await store.close();
  }
}

async function replayOne(requests: Requests, name: string): Promise<void> {
  let request = await untilAnswered(() => requests.ask('projections', 'rebuild', name));
  const progress = showProgress(name, screen);
  const silence = silenceWatch();
  while (request.state === 'waiting' || request.state === 'running') {
    const last = request;
    request = await untilAnswered(() => requests.settled('projections', last, AbortSignal.timeout(200)));
    silence.look(request);
    if (request.report.events !== undefined) progress.update(request.report as unknown as RebuildState);
  }
  if (request.state === 'failed') throw new Error(request.error);
  progress.done(request.report as unknown as RebuildState);
}

/** Says once that no process has begun, and once that nothing is heard any more of the one that had. */
function silenceWatch() {
  let [heard, since] = ['', performance.now()];
  const said = new Set<string>();
  const say = (hint: string) => {
    if (!said.has(hint)) complain(hint);
    said.add(hint);
  };
  return {
    look: ({ state, beat, report }: RequestState): void => {
      const now = JSON.stringify([state, beat, report]);
      if (now !== heard) [heard, since] = [now, performance.now()];
      const { hint, after } = state === 'waiting' ? NOT_BEGUN : NOT_HEARD;
      if (performance.now() - since >= after) say(hint);
    },
  };
}

async function replayThere(ask: Ask, names: string[]): Promise<void> {
  const rows = '/api/admin/projections';
  const { items } = await ask<{ items: { name: string }[] }>('GET', rows);
  const there = items.map((one) => one.name);
  await rebuildEach(chosen(names, there), async (name) => {
    const progress = showProgress(name, screen);
    let state = await ask<RebuildState>('POST', `${rows}/${name}/rebuild`);
    while (state.state === 'waiting' || state.state === 'running') {
      progress.update(state);
      await delay(100);
      state = await ask<RebuildState>('GET', `${rows}/${name}/rebuild`);
    }
    if (state.state === 'failed') throw new Error(state.error);
    progress.done(state);
  });
}
