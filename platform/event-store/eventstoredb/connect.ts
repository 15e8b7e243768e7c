/** The first connection: waits for a server, but not for one that refuses us, is too old, or is something else. */
import { ErrorType } from '@eventstore/db-client';
import { type Reaching, reach, ServerRefused, withoutSecrets } from '../../connections/reach.ts';
import { StoreUnavailable } from '../event-store.ts';
import { openConnection, type StoreConnection } from './connection.ts';
import { connectionString } from './connection-string.ts';
import { isType, messageOf } from './failures.ts';
import { readAll } from './scan.ts';

/** The oldest version that this store is tested with. */
const OLDEST = [23, 10] as const;

/** Errors of a first connection after which waiting will not help, each with the words for the operator. */
const REFUSALS: [RegExp, string][] = [
  [/wrong version number|packet length too long|EPROTO/i, 'speaks no TLS on that port; if that is meant, add tls=false to EVENT_STORE_URL'],
  [
    /self.signed|unable to (verify|get)|CERT_|certificate|altnames/i,
    'has a certificate that is not trusted here; name its authority with tlsCAFile=… in EVENT_STORE_URL',
  ],
  [/Protocol error|Parse Error|HTTP status code 4|UNIMPLEMENTED/i, 'does not speak gRPC: that is not EventStoreDB, or not its HTTP port'],
];

/** Waits for the server. `patience`: milliseconds after which a silent server is asked anew. Errors: ServerRefused, the signal's reason. */
export async function connect(url: string, reaching: Reaching & { patience: number }): Promise<StoreConnection> {
  const text = connectionString(url);
  const server = `the event store at ${withoutSecrets(url)}`;
  return reach(server, () => tryOnce(text, server, reaching), reaching);
}

async function tryOnce(text: string, server: string, reaching: Reaching & { patience: number }): Promise<StoreConnection> {
  const connection = openOrRefuse(text);
  try {
    const { version, takesBatches } = await within(reaching.patience, connection.features());
    if (!isNewEnough(version) || !takesBatches) throw new ServerRefused(tooOld(server, version));
    // Reading `$all` takes a user who may read everything.
    for await (const _ of readAll({ ...reaching, connection: () => connection }, { direction: 'backwards', from: 'end', chunk: 1 })) break;
    return connection;
  } catch (error) {
    await connection.close();
    throw refusal(error, server) ?? new StoreUnavailable(reasonOf(error), { cause: error });
  }
}

/** The client's own message could show the password. */
function openOrRefuse(text: string): StoreConnection {
  try {
    return openConnection(text);
  } catch (error) {
    const certificate = error instanceof Error && /certificate|userKeyFile/.test(error.message) ? error.message : 'it is not a connection string';
    throw new ServerRefused(`EVENT_STORE_URL cannot be used: ${certificate}`);
  }
}

function refusal(error: unknown, server: string): ServerRefused | undefined {
  if (error instanceof ServerRefused) return error;
  const cause = (error as { cause?: unknown }).cause ?? error;
  if (isType(cause, ErrorType.ACCESS_DENIED)) {
    return new ServerRefused(
      `${server} refuses the user and password in EVENT_STORE_URL, or that user may not read $all: name one who may (a member of $admins)`,
    );
  }
  const message = messageOf(cause);
  const why = REFUSALS.find(([pattern]) => pattern.test(message))?.[1];
  return why === undefined ? undefined : new ServerRefused(`${server} ${why}`);
}

/** The reason of an error without gRPC's additions, as the time: equal reasons are then equal texts, and are logged once. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  const inner = /Last error: (?:Error: )?(.*?)(?: \(\d{4}-[^)]*\))?\. Resolution note/.exec(message)?.[1] ?? message;
  return inner === 'Failed to connect' ? 'it closes the connection at once, as one does that wants TLS (tls=true)' : inner;
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function tooOld(server: string, version: string): string {
  const is = version === 'unknown' ? 'does not say that it is EventStoreDB' : `is version ${version}`;
  return `${server} ${is}: this needs EventStoreDB ${OLDEST.join('.')} or newer, or KurrentDB`;
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('it does not answer')), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
