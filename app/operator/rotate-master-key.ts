/** `npm start -- rotate-master-key`: another master key, and every key of a person wrapped with it, also while processes run. */
import { setTimeout as delay } from 'node:timers/promises';
import { type KeyRecord, wrappedAnew } from '../../gateway/identity/person-keys/key-records.ts';
import { type MasterKey, type MasterKeys, openMasterKeys } from '../../gateway/identity/person-keys/master-keys.ts';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import type { SecretRecord, Secrets } from '../../gateway/identity/secrets/secrets.ts';
import { lockFolder } from '../../platform/data-folder-lock.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { openProcessLog } from '../../platform/log.ts';
import { KEY_LIFE, KEY_USE } from '../../platform/sealing/person-keys.ts';
import { noteSealing, sealingNotes } from '../../platform/sealing/sealing-log.ts';
import { UserError } from '../../platform/user-error.ts';
import { openClosers } from '../closers.ts';
import { misused } from '../command-options.ts';
import type { Config } from '../config.ts';
import { ownerOnServer } from '../owner.ts';
import { isEmbedded } from '../parts.ts';
import { expectMaster } from '../sealing.ts';
import { print } from './print.ts';

/** The stores of an installation whose master key is rotated. */
export interface RotatedStores {
  store: Pick<EventStore, 'append' | 'readStream'>;
  secrets: Secrets;
}

export interface Rotated {
  /** The fingerprint of the new master. */
  master: string;
  /** The number of keys that this run wrapped anew. */
  wrapped: number;
}

/** Rotates the master key. Errors: ConfigError; FolderError while a process runs on an embedded folder; `UserError` with one line. */
export async function rotateMasterKey(config: Config, args: string[]): Promise<void> {
  if (args.length > 0) throw misused('rotate-master-key', `it takes no ${args.join(' ')}`);
  const { add, closing, closeAll } = openClosers();
  try {
    process.umask(0o077);
    if (isEmbedded(config.EVENT_STORE_URL) || isEmbedded(config.SECRETS_URL)) add(lockFolder(config.DATA_DIR), (lock) => lock.release());
    const options = { dataDir: config.DATA_DIR, log: openProcessLog({ level: 'warn' }) };
    const store = closing(await openEventStore(config.EVENT_STORE_URL, options));
    const secrets = closing(await openSecrets(config.SECRETS_URL, { ...options, installation: await ownerOnServer(config.SECRETS_URL, store) }));
    const { master, wrapped } = await rotateMaster({ store, secrets });
    print(
      `The master key is ${master}: ${wrapped} keys were wrapped anew, and the one before is gone. Back up the secrets now: older backups do not fit.`,
    );
  } finally {
    await closeAll();
  }
}

/**
 * Makes a master key, notes it in the log, wraps every key with it, and removes the ones before once no record names them. A run that finds two masters
 * finishes the one that was interrupted. `wait`: milliseconds after which no running process wraps with the one before. Errors: `UserError`; those of the stores.
 */
export async function rotateMaster({ store, secrets }: RotatedStores, wait = KEY_LIFE + KEY_USE): Promise<Rotated> {
  const masters = openMasterKeys(secrets);
  const to = await next((await sealingNotes(store)).masters, masters);
  await noteSealing(store, { master: to.id });
  const wrapped = await wrapAll(secrets, to, masters);
  // Who had read the pointer a moment before may have made a key under the master before.
  await delay(wait);
  const late = await wrapAll(secrets, to, masters);
  for (const id of await masters.all()) if (id !== to.id) await masters.remove(id);
  return { master: to.id, wrapped: wrapped + late };
}

/** The master that is to wrap all: a new one, or that of a rotation which was interrupted. `noted`: the fingerprints in the log. */
async function next(noted: readonly string[], masters: MasterKeys): Promise<MasterKey> {
  const pointer = await masters.pointer();
  const named = noted.at(-1) ?? pointer;
  if (named === null) throw new UserError('There is no master key yet: it is made when the first event is sealed.');
  await expectMaster(named, pointer, masters);
  const others = (await masters.all()).filter((id) => id !== pointer);
  // One that the log does not name was made by a run that ended before anything was wrapped with it.
  const unused = noted.length > 0 ? others.filter((id) => !noted.includes(id)) : [];
  for (const id of unused) await masters.remove(id);
  const isUnderWay = others.length > unused.length;
  if (!isUnderWay && !(await masters.make(pointer))) throw new UserError('Another rotation has begun. Wait until it has ended.');
  return masters.byId((await masters.pointer()) ?? '');
}

async function wrapAll(secrets: Secrets, to: MasterKey, masters: MasterKeys): Promise<number> {
  let count = 0;
  for await (const page of secrets.all('person-keys'))
    for (const record of page) if (await wrapOne(secrets, record as SecretRecord<KeyRecord>, { to, masters })) count++;
  return count;
}

/** Wraps a key anew; where somebody changed its record meanwhile, the record as it is then. False where nothing was to be done. */
async function wrapOne(secrets: Secrets, record: SecretRecord<KeyRecord>, { to, masters }: { to: MasterKey; masters: MasterKeys }): Promise<boolean> {
  const value = await wrappedAnew(record, to, masters);
  if (!value) return false;
  if (await secrets.put('person-keys', { key: record.key, value, owner: record.owner }, record.version)) return true;
  const now = await secrets.get<KeyRecord>('person-keys', record.key);
  return now !== null && wrapOne(secrets, now, { to, masters });
}
