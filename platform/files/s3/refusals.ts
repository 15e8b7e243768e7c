/** What a server of S3 refuses, as the store of files says it. */
import { FilesUnavailable } from '../files.ts';

interface Refused {
  name?: string;
  $metadata?: { httpStatusCode?: number };
}

/** Errors that are the port's own, or a caller's. */
const OWN = new Set(['FileMissing', 'FileExists', 'FilesUnavailable', 'RangeError', 'AbortError']);

/** Whatever a server does not do, but for what the port names, is FilesUnavailable: a wrong key is no client's mistake, either. */
export function asAway(error: unknown): unknown {
  const { name = '', message } = error as Error;
  return OWN.has(name) ? error : new FilesUnavailable(`the S3 server: ${name}: ${message}`, { cause: error });
}

/** True where there is no such object, or upload. */
export function isMissing(error: unknown): boolean {
  const { name = '', $metadata } = error as Refused;
  // Without a bucket there is no store: that is no missing object. A HEAD has no body that would tell the two apart.
  return ['NoSuchKey', 'NotFound', 'NoSuchUpload'].includes(name) || ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket');
}

/** True where the key has an object already. */
export function isTaken(error: unknown): boolean {
  const { name = '', $metadata } = error as Refused;
  return name === 'PreconditionFailed' || $metadata?.httpStatusCode === 412;
}

/** True where the server has no conditional writes. */
export function knowsNoConditions(error: unknown): boolean {
  const { name = '', $metadata } = error as Refused;
  return name === 'NotImplemented' || $metadata?.httpStatusCode === 501;
}
