/** Stores a local file as an object: in one request, or in parts where it is large. */
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { FileExists } from '../files.ts';
import { isSame } from '../same-bytes.ts';
import { putWhole } from './put-whole.ts';
import { isMissing, isTaken, knowsNoConditions } from './refusals.ts';
import type { BucketTarget, Sending, SourceFile } from './sending.ts';

/** Smaller files go in one request, which costs us a quarter of what parts do; of larger ones only a part is lost where a connection is. */
const PARTS_FROM = 64 * 1024 * 1024;

/** Stores a file under a key that has none yet; with the same bytes already there it does nothing. Errors: FileExists, and the SDK's. */
export async function upload(client: S3Client, target: BucketTarget, from: SourceFile, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const isOurs = await put(client, target, { from, signal });
  if (!isOurs && !(await hasSame(client, target, from))) throw new FileExists(target.key);
  if (from.move) await rm(from.path, { force: true });
}

/** False where the key has an object already. */
async function put(client: S3Client, target: BucketTarget, how: { from: SourceFile; signal?: AbortSignal | undefined }): Promise<boolean> {
  try {
    await send(client, target, { ...how, onlyNew: true });
    return true;
  } catch (error) {
    if (isTaken(error)) return false;
    if (!knowsNoConditions(error)) throw error;
  }
  // Two at once could both find nothing; keys have ids that were made for one upload.
  if (await isThere(client, target)) return false;
  await send(client, target, { ...how, onlyNew: false });
  return true;
}

async function send(client: S3Client, target: BucketTarget, how: Sending): Promise<void> {
  const { bytes } = how.from;
  await (bytes < (target.partsFrom ?? PARTS_FROM) ? putWhole(client, target, how) : putInParts(client, target, how));
}

async function putInParts(client: S3Client, { Bucket, Key }: BucketTarget, { from, signal, onlyNew }: Sending): Promise<void> {
  const Body = createReadStream(from.path);
  const params = { Bucket, Key, Body, ContentType: from.type, ContentLength: from.bytes, ...(onlyNew ? { IfNoneMatch: '*' } : {}) };
  const sending = new Upload({ client, params });
  const abort = () => void sending.abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await sending.done();
  } finally {
    signal?.removeEventListener('abort', abort);
    Body.destroy();
  }
}

async function isThere(client: S3Client, { Bucket, Key }: BucketTarget): Promise<boolean> {
  return client.send(new HeadObjectCommand({ Bucket, Key })).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
}

async function hasSame(client: S3Client, { Bucket, Key }: BucketTarget, { path, bytes }: SourceFile): Promise<boolean> {
  const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket, Key }));
  const stored = Body as Readable;
  if (ContentLength === bytes) return isSame(createReadStream(path), stored);
  stored.destroy();
  return false;
}
