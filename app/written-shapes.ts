/** What a start does about types and shapes of events in the store that this release does not know. */
import type { Logger } from 'pino';
import { START } from '../contracts/message.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { noteOlderLog, unknownShapes, type WrittenShape } from '../platform/event-store/shapes.ts';
import type { Metrics } from '../platform/http/metrics.ts';
import { UserError } from '../platform/user-error.ts';
import { version } from './checkout.ts';
import type { Config } from './config.ts';
import { isEmbedded } from './parts.ts';

interface Asking {
  config: Pick<Config, 'EVENT_STORE_URL' | 'DATA_DIR' | 'ALLOW_OLDER'>;
  log: Pick<Logger, 'info' | 'error'>;
  metrics: Pick<Metrics, 'gauge'>;
}

/**
 * Compares what was ever written into the store with what this release knows. An embedded store with something else is refused, unless ALLOW_OLDER
 * is set. On servers, where releases mix during an upgrade, it is a metric, and one line of level 50. Errors: `UserError`; those of the store.
 */
export async function askForShapes(store: EventStore, { config, log, metrics }: Asking): Promise<void> {
  const isOnServers = !isEmbedded(config.EVENT_STORE_URL);
  const look = isOnServers ? openLook(store, log) : () => unknownShapes(store);
  metrics.gauge('unknown_shapes', 'Types and shapes of events in the store that this release does not know.', async () => ({
    all: (await look()).length,
  }));
  // A server that is away now is asked again by the metric.
  if (isOnServers) await look().catch(() => {});
  else await refuseUnknown(store, config, log);
}

async function refuseUnknown(store: EventStore, { ALLOW_OLDER, DATA_DIR }: Asking['config'], log: Asking['log']): Promise<void> {
  // On a full disk nothing can be noted, and a start that could answer queries goes on.
  const noted = await noteOlderLog(store).catch((error: unknown) => (error instanceof StoreUnavailable ? false : Promise.reject(error)));
  if (noted && (await store.head()) !== START) log.info({}, 'the types and shapes of all events were noted');
  const unknown = await unknownShapes(store);
  if (unknown.length > 0 && !ALLOW_OLDER) throw new UserError(refusal(unknown, DATA_DIR));
}

/** Makes the look for unknown shapes, which says so once, and again where there are more. */
function openLook(store: EventStore, log: Asking['log']): () => Promise<WrittenShape[]> {
  let said = 0;
  return async () => {
    const unknown = await unknownShapes(store);
    if (unknown.length > said)
      log.error({ unknown: unknown.slice(0, MOST_NAMED) }, 'a newer release wrote events that this one does not know; upgrade this one');
    said = Math.max(said, unknown.length);
    return unknown;
  };
}

/** Types and shapes that are named. */
const MOST_NAMED = 20;

function refusal(unknown: readonly WrittenShape[], dataDir: string): string {
  const names = unknown.slice(0, MOST_NAMED).map(({ type, schema }) => `${type} (shape ${schema})`);
  const more = unknown.length > names.length ? ` and ${unknown.length - names.length} more` : '';
  return `The event store in ${dataDir} was written by a newer release than this one, ${version}: it holds ${names.join(', ')}${more}, which this one does not know. Start the newer release; or, where nobody needs what those events changed, set ALLOW_OLDER=1: then commands on what they belong to are refused, and all else goes on.`;
}
