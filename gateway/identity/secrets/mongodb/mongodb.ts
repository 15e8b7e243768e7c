/**
 * Secrets on a server that speaks MongoDB's protocol, in their own database: a collection a kind. Every record has a stamp, which each change
 * renews, and is replaced only where it still has the stamp that was read. Where the server's updates are not atomic, processes take turns.
 */
import { randomUUID } from 'node:crypto';
import { callsOf } from '../../../../platform/connections/mongodb/calls.ts';
import { connectMongo, type MongoConnecting } from '../../../../platform/connections/mongodb/connect.ts';
import { openTurns, type StillOurs } from '../../../../platform/connections/mongodb/turns.ts';
import type { Reaching } from '../../../../platform/connections/reach.ts';
import { SECRET_KINDS, type SecretKind, type SecretRecord, type Secrets, SecretsUnavailable } from '../secrets.ts';
import { type KeptSecret, type KeptSecrets, keptSecret, secretOf, secretsIn } from './records.ts';

export interface MongoSecretsOptions extends Reaching {
  /** The installation whose the database is to be; null: nobody asks whose it is. */
  installation?: string | null | undefined;
  now?: () => Date;
}

const NOT_REMOVED = 'expired secrets not removed; they are treated as gone all the same';
const PURGE_EVERY = 10 * 60_000;
/** The number of records removed at once. */
const PURGE_AT_ONCE = 500;
/** The number of records in a page of `all`. */
const PAGE = 500;

/**
 * Connects to `mongodb://…` or `mongodb+srv://…`, and waits for the server. The database is the URL's, or `taskledger_secrets`.
 * Errors: ServerRefused; later calls reject with SecretsUnavailable while the server is away.
 */
export async function openMongoSecrets(url: string, { now = () => new Date(), installation, ...reaching }: MongoSecretsOptions): Promise<Secrets> {
  const connecting: MongoConnecting = {
    what: 'the secrets',
    variable: 'SECRETS_URL',
    database: 'taskledger_secrets',
    installation,
    prepare: async (connected) => {
      for (const kind of SECRET_KINDS) await secretsIn(connected, kind).index();
    },
  };
  const server = await connectMongo(url, connecting, reaching);
  const turns = openTurns(server);
  const closing = new AbortController();
  const { once } = callsOf({ closing: closing.signal, closed: 'the secrets are closed', unavailable });
  const clock = () => now().toISOString();
  const records = (kind: SecretKind) => secretsIn(server, kind);

  /** Finds and changes records while nobody else changes that kind, where the server needs that. */
  const changing = <T>(kind: SecretKind, work: (stillOurs: StillOurs) => Promise<T>) => once(() => turns.inTurn(kind, work));

  async function put(kept: KeptSecrets, stillOurs: StillOurs, record: Omit<SecretRecord, 'version'>, version?: number): Promise<boolean> {
    const before = await kept.one(record.key);
    const at = before && isLive(before, clock()) ? before.version : 0;
    if (version !== undefined && version !== at) return false;
    const written = await kept.write(before, keptSecret({ ...record, version: at + 1 }, randomUUID()), stillOurs);
    return written || put(kept, stillOurs, record, version);
  }

  async function purge(kind: SecretKind): Promise<void> {
    const at = clock();
    for (let removed = PURGE_AT_ONCE; removed === PURGE_AT_ONCE; ) {
      const expired = await once(() => records(kind).expired(at, PURGE_AT_ONCE));
      if (expired.length > 0) await changing(kind, () => records(kind).remove(expired, at));
      removed = expired.length;
    }
  }

  /** Removes an expired record that was asked for: who heard once that it is gone must not find it again after the clock was set back. */
  async function forget(kind: SecretKind, expired: KeptSecret): Promise<void> {
    await changing(kind, () => records(kind).remove([expired._id], clock())).catch((error) => reaching.log.warn({ err: error }, NOT_REMOVED));
  }

  async function purgeAll(): Promise<void> {
    try {
      for (const kind of SECRET_KINDS) await purge(kind);
    } catch (error) {
      if (!closing.signal.aborted) reaching.log.warn({ err: error }, NOT_REMOVED);
    }
  }

  let purging = purgeAll();
  const timer = setInterval(() => {
    purging = purging.then(purgeAll);
  }, PURGE_EVERY).unref();

  return {
    get: (kind, key) =>
      once(async () => {
        const found = await records(kind).one(key);
        if (!found || isLive(found, clock())) return found && secretOf(found);
        await forget(kind, found);
        return null;
      }),

    put: (kind, record, version) =>
      changing(kind, (stillOurs) => put(records(kind), stillOurs, { ...record, expires: utc(record.expires) }, version)),

    delete: (kind, key) => changing(kind, () => records(kind).delete(key)),

    present: (kind, keys) =>
      once(async () => {
        const at = clock();
        return (await records(kind).among(keys)).filter((one) => isLive(one, at)).map(({ _id }) => _id);
      }),

    some: (kind, keys) => once(async () => live(await records(kind).some(keys)).map((one) => secretOf(one))),

    list: (kind, owner) => once(async () => live(await records(kind).ofOwner(owner)).map((one) => secretOf(one))),

    all: async function* (kind) {
      for (let after = ''; ; ) {
        const page = await once(() => records(kind).page(after, PAGE));
        const last = page.at(-1);
        if (!last) return;
        const found = live(page);
        if (found.length > 0) yield found.map((one) => secretOf(one));
        after = last._id;
      }
    },

    restore: (kind, record) =>
      changing(kind, async (stillOurs) => {
        const kept = records(kind);
        while (!(await kept.write(await kept.one(record.key), keptSecret(record, randomUUID()), stillOurs)));
      }),

    // A server has no log that is ours.
    purge: async () => {},
    close: async () => {
      clearInterval(timer);
      closing.abort();
      await turns.close();
      await server.client.close();
      await purging;
    },
  };

  function live(found: KeptSecret[]): KeptSecret[] {
    const at = clock();
    return found.filter((one) => isLive(one, at));
  }
}

function isLive({ expires }: Pick<KeptSecret, 'expires'>, now: string): boolean {
  return expires === null || expires > now;
}

function utc(time: string | null | undefined): string | null {
  return time ? new Date(time).toISOString() : null;
}

function unavailable(cause: unknown): SecretsUnavailable {
  return new SecretsUnavailable(`the secrets cannot be reached: ${cause instanceof Error ? cause.message : cause}`, { cause });
}
