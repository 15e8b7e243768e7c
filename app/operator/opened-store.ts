/** The event store as operators' commands open it by themselves: behind its edge, with the keys in the secrets. */
import type { Logger } from 'pino';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import type { PersonKeys } from '../../platform/sealing/person-keys.ts';
import { sealedStore } from '../../platform/sealing/sealed-store.ts';
import type { Closers } from '../closers.ts';
import type { Config } from '../config.ts';
import { ownerOnServer } from '../owner.ts';
import { openSealing } from '../sealing.ts';
import { askForShapes } from '../written-shapes.ts';

/** Opens the stores that the configuration names. Errors: `UserError` where this release or these secrets do not fit; those of the stores. */
export async function openStoreBehindEdge(
  config: Config,
  { closing }: Pick<Closers, 'closing'>,
  log: Logger,
): Promise<{ store: EventStore; keys: PersonKeys }> {
  const { DATA_DIR: dataDir } = config;
  const sealed = closing(await openEventStore(config.EVENT_STORE_URL, { dataDir, log }));
  await askForShapes(sealed, { config, log, metrics: { gauge: () => {} } });
  const secrets = closing(await openSecrets(config.SECRETS_URL, { dataDir, log, installation: await ownerOnServer(config.SECRETS_URL, sealed) }));
  const { keys, hmac } = await openSealing({ store: sealed, secrets, signal: new AbortController().signal });
  return { store: sealedStore(sealed, { keys, hmac }), keys };
}
