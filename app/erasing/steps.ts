/** The steps of erasing that each part takes, on its ports. */
import { setTimeout as delay } from 'node:timers/promises';
import { openCertifier } from '../../gateway/erasing/certificate.ts';
import type { Secrets } from '../../gateway/identity/secrets/secrets.ts';
import { type EraseFilesContext, eraseFilesOf } from '../../media/keep/erase-files.ts';
import type { Outbox } from '../../notifier/mailer/outbox/outbox.ts';
import { isElsewhere } from '../../notifier/providers.ts';
import type { Cache } from '../../platform/cache/cache.ts';
import { joinedRuns } from '../../platform/concurrency/joined-runs.ts';
import { ERASURES_LOOK_EVERY, type ErasureSteps, type TellStep } from '../../platform/erasing/erase.ts';
import type { ErasureLead } from '../../platform/erasing/lead.ts';
import { ownAddresses } from '../../platform/erasing/own-addresses.ts';
import { personTexts } from '../../platform/erasing/person-texts.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Requests } from '../../platform/followers/requests.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import type { PersonKeys } from '../../platform/sealing/person-keys.ts';
import { addressReferences, userReference } from '../../platform/sealing/person-reference.ts';
import type { Config } from '../config.ts';
import type { FromSecrets } from './from-secrets.ts';
import { rebuildAll } from './rebuild-all.ts';

export interface LeadPorts {
  store: EventStore;
  secrets: Secrets;
  readModels: ReadModels;
  cache: Cache;
  personKeys: PersonKeys;
  requests: Pick<Requests, 'ask' | 'last' | 'settled'>;
  removing: FromSecrets;
  hmac(text: string): string;
  config: Pick<Config, 'SECRETS_URL' | 'READ_MODELS_URL' | 'CACHE_URL' | 'EVENT_STORE_URL' | 'MAIL_URL' | 'SMS_URL'>;
  /** Names the installation in certificates. */
  installation: string;
  /** Aborts when the process stops. */
  signal: AbortSignal;
}

/** Milliseconds within which every process that is well has looked at the list of erasures twice. */
export const HEARD = 3 * ERASURES_LOOK_EVERY;

/** The kind of store that a URL names: `sqlite`. */
export const storeKindOf = (url: string) => url.split(':')[0] || 'none';

/** True for the URL of an outbox, and where only the part that sends knows whether it has one. */
const mayBeOutbox = (url: string) => url.startsWith('outbox:') || isElsewhere(url);

/** The steps of the part `workers`, which leads erasures. */
export function leadSteps(ports: LeadPorts): ErasureSteps {
  const { store, secrets, readModels, cache, personKeys, requests, removing, config, signal } = ports;
  const [inSecrets, inModels, inCache] = [config.SECRETS_URL, config.READ_MODELS_URL, config.CACHE_URL].map(storeKindOf) as [string, string, string];
  /** The erasures that wait for the read models, each as it records what it waits for. */
  const told = new Set<TellStep>();
  const rebuilt = joinedRuns(async () => {
    const tell = (how: string) => {
      for (const one of told) one(how);
    };
    const count = await rebuildAll({ requests, signal, tell });
    await readModels.purge();
    return count;
  });
  const cleared = joinedRuns(() => cache.clear());
  const maySomeBeKept = [config.MAIL_URL, config.SMS_URL].some(mayBeOutbox);
  return {
    access: async (state) => ({ count: (await removing.access([state])).length, where: inSecrets }),
    texts: async ({ person }) => {
      if (!maySomeBeKept) return { count: 0, where: 'none' };
      const found = await personTexts(store, person);
      await removing.texts.keep(person, found);
      return { count: found.texts.length + found.addresses.length, where: inSecrets };
    },
    keys: async ({ person, keys, requestedAt }) => {
      await personKeys.destroy(keys, requestedAt, true);
      // So that nobody who has dropped what was kept takes up a snapshot of before.
      await personKeys.rotateSnapshots({ person, at: requestedAt }, true);
      await secrets.purge();
      return { count: keys.length, where: inSecrets };
    },
    'read-models': async (_state, tell) => {
      told.add(tell);
      const count = await rebuilt().finally(() => told.delete(tell));
      return { count, where: inModels };
    },
    snapshots: async ({ person, requestedAt }) => {
      await personKeys.rotateSnapshots({ person, at: requestedAt });
      return { count: 1, where: inSecrets };
    },
    caches: async () => ({ count: await cleared(), where: inCache }),
    audit: async ({ person }) => {
      const { length: count } = await removing.audit(new Set([person]));
      await removing.purge();
      return { count, where: inSecrets };
    },
  };
}

/** What the part `workers` does as the lead. */
export function leadOf({ store, secrets, personKeys, removing, hmac, installation }: LeadPorts): ErasureLead {
  const certifier = openCertifier(secrets, { installation, now: () => new Date() });
  return {
    keysOf: async (person) => {
      const addresses = await ownAddresses(store, person);
      return [...new Set([userReference(person), ...addresses.flatMap((address) => addressReferences(address, hmac))])];
    },
    settled: (until) => pause(personKeys.settledAfter, until),
    heard: (until) => pause(HEARD, until),
    free: ({ person, keys, requestedAt }) => personKeys.free([{ person, keys, at: requestedAt }]),
    certify: async (state) => {
      await removing.notes.note([{ person: state.person, at: state.requestedAt }]);
      return certifier.certify(state);
    },
  };
}

export interface OutboxPorts {
  /** Null where mails and SMS are kept nowhere. */
  outbox: Pick<Outbox, 'erase'> | null;
  removing: Pick<FromSecrets, 'texts' | 'purge'>;
}

/** The step of the part `notifier`: the outboxes of mails and SMS, which are one file. */
export function outboxSteps({ outbox, removing: { texts, purge } }: OutboxPorts): ErasureSteps {
  return {
    outbox: async ({ person, requestedAt }) => {
      const { deleted, changed } = outbox ? await outbox.erase(await texts.of(person), { person, at: requestedAt }) : { deleted: 0, changed: 0 };
      await texts.remove(person, requestedAt);
      await purge();
      return { count: deleted + changed, where: outbox ? 'outbox' : 'none' };
    },
  };
}

/** The step of the part `media`. */
export function fileSteps(context: EraseFilesContext, kind: string): ErasureSteps {
  return {
    files: async ({ person }) => {
      const { files, objects } = await eraseFilesOf(context, person);
      return { count: files + objects, where: kind };
    },
  };
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {});
}
