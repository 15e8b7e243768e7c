/** The meaning of errors of MongoDB's driver and servers. */
import { MongoBulkWriteError, MongoCompatibilityError, MongoError, MongoServerError } from 'mongodb';
import { ServerRefused } from '../reach.ts';

/** Errors of the driver that say that the server cannot be reached, or that it was lost while it worked. */
const UNREACHABLE = new Set([
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoServerSelectionError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
  'MongoClientClosedError',
  'MongoServerClosedError',
  'MongoPoolClosedError',
  'MongoPoolClearedError',
  'MongoWaitQueueTimeoutError',
  'MongoOperationTimeoutError',
]);

/**
 * Codes by which a server says that it cannot do this now (MongoDB, error_codes.yml): host unreachable or not found, network timeout, shutting
 * down, not or no longer the primary, recovering, a majority that does not answer in time, a query whose collection went away under it.
 */
const NOT_NOW = new Set([6, 7, 43, 64, 89, 91, 134, 175, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436]);

const DUPLICATE_KEY = 11_000;

/** Codes by which a server says that it refuses, whenever it is asked, with the words for an operator. */
const REFUSALS: Record<number, string> = {
  13: 'does not let this user read and write here',
  18: 'does not take this user name and password',
  73: 'has no databases of this name: letters, digits, _ and - are what it may consist of',
  8000: 'does not take this user name and password',
};

/** True for an error after which the same call may work later; how much of it was done is not known. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof MongoError)) return false;
  return UNREACHABLE.has(error.name) || NOT_NOW.has(Number(error.code)) || error.hasErrorLabel('RetryableWriteError');
}

/** True for the error of inserting a document whose _id is there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** The indexes of the documents of an unordered insert that are there already; undefined where anything else went wrong. */
export function duplicatesIn(error: unknown): number[] | undefined {
  if (!(error instanceof MongoBulkWriteError)) return undefined;
  const failed = [error.writeErrors].flat();
  return failed.length > 0 && failed.every(({ code }) => code === DUPLICATE_KEY) ? failed.map(({ index }) => index) : undefined;
}

/** The refusal in an error, where waiting for the server will not help; undefined where it may. */
export function mongodbRefusalOf(server: string, error: unknown): ServerRefused | undefined {
  for (let at = error; at; at = innerOf(at)) {
    const reason = reasonOf(at);
    if (reason) return new ServerRefused(`${server} ${reason}`);
  }
  return undefined;
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof MongoCompatibilityError) return 'is too old, or no MongoDB: MongoDB 4.4 or later is needed';
  return error instanceof MongoServerError ? REFUSALS[Number(error.code)] : undefined;
}

/** The error inside an error: its cause, or what the driver saw of the servers when it gave up. */
function innerOf(error: unknown): unknown {
  const { cause, reason } = error as { cause?: unknown; reason?: { servers?: Map<string, { error?: unknown }> } };
  const [first] = [...(reason?.servers?.values() ?? [])].flatMap((server) => server.error ?? []);
  return cause === error ? undefined : (first ?? cause);
}
