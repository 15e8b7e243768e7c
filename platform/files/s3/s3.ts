/** Files in a bucket of S3, or of any server that speaks as it does. */
import type { Readable } from 'node:stream';
import {
  type _Object,
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createPresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type ByteRange, type DirectGet, type DirectPost, FileMissing, type Files, type OnForeignFile, type StoredFile } from '../files.ts';
import type { BucketUrl } from '../files-url.ts';
import { checkedKey, isKey } from '../keys.ts';
import { type Asking, openBucket } from './bucket.ts';
import { openClient, type S3Credentials } from './client.ts';
import { isMissing } from './refusals.ts';
import { upload } from './upload.ts';

/** The place in a bucket where the objects are. */
interface ObjectsOf {
  client: S3Client;
  bucket: string;
  prefix: string;
  /** Hears of objects that are none of ours. */
  foreign: OnForeignFile;
}

interface S3Options {
  /** Bytes from which a file goes in parts. */
  partsFrom?: number;
  foreign?: OnForeignFile | undefined;
}

/** Opens the files in a bucket. Nothing is asked of it yet. Without credentials those of Amazon's own variables and files are used. */
export function openS3Files(url: BucketUrl, credentials: S3Credentials, { partsFrom, foreign = () => {} }: S3Options = {}): Files {
  const client = openClient(url, credentials);
  const { bucket, prefix } = url;
  const at = (key: string) => ({ Bucket: bucket, Key: `${prefix}${checkedKey(key)}` });
  const place = { client, bucket, prefix, foreign };
  const orAway = openBucket(client, url);

  return {
    put: async (key, from, signal) => {
      const where = at(key);
      await orAway(() => upload(client, { ...where, key, partsFrom }, from, signal));
    },

    read: async (key, range, signal) => {
      const where = at(key);
      return orAway(() => opened(client, { ...where, key }, range, signal));
    },

    stat: async (key) => {
      const where = at(key);
      const found = await orAway(() => client.send(new HeadObjectCommand(where)).catch(unlessThere));
      return found && { key, bytes: found.ContentLength ?? 0, written: found.LastModified?.getTime() ?? 0 };
    },

    remove: async (key) => {
      const where = at(key);
      await orAway(() => client.send(new DeleteObjectCommand(where)).catch(unlessThere));
    },

    list: (from) => listed(place, from, orAway),
    sweep: (olderThan) => orAway(() => sweepUploads(place, olderThan)),
    ...direct(url, credentials, { at, orAway }),
    close: async () => client.destroy(),
  };
}

async function opened(
  client: S3Client,
  { key, ...where }: { Bucket: string; Key: string; key: string },
  range?: ByteRange,
  signal?: AbortSignal,
): Promise<{ stream: Readable; bytes: number }> {
  const Range = range && `bytes=${range.from}-${range.to}`;
  const options = signal ? { abortSignal: signal } : {};
  try {
    const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ ...where, Range }), options);
    return { stream: Body as Readable, bytes: ContentLength };
  } catch (error) {
    if (isMissing(error)) throw new FileMissing(key);
    if ((error as Error).name === 'InvalidRange') throw new RangeError(`${key} has no byte from ${range?.from} to ${range?.to}`);
    throw error;
  }
}

async function* listed({ client, bucket, prefix, foreign }: ObjectsOf, from: string, orAway: Asking): AsyncGenerator<StoredFile> {
  const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${prefix}${from}` })[Symbol.asyncIterator]();
  for (;;) {
    const { value: page, done } = await orAway(() => pages.next());
    if (done) return;
    yield* (page.Contents ?? []).flatMap((one) => stored(one, prefix, foreign));
  }
}

function stored({ Key = '', Size = 0, LastModified }: _Object, prefix: string, foreign: OnForeignFile): StoredFile[] {
  const key = Key.slice(prefix.length);
  if (isKey(key)) return [{ key, bytes: Size, written: LastModified?.getTime() ?? 0 }];
  // Some servers list folders, too.
  if (!Key.endsWith('/')) foreign(Key);
  return [];
}

/** Removes uploads in parts, of ours, that began more than so many milliseconds ago, and never ended; resolves to their number. */
async function sweepUploads({ client, bucket, prefix }: ObjectsOf, olderThan: number): Promise<number> {
  const now = Date.now();
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, ...(prefix ? { Prefix: prefix } : {}) }));
  const old = Uploads.filter(({ Key = '', Initiated }) => isKey(Key.slice(prefix.length)) && now - (Initiated?.getTime() ?? now) >= olderThan);
  for (const { Key, UploadId } of old) await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId })).catch(unlessThere);
  return old.length;
}

/** What clients do themselves: only where they reach the server, at Amazon's own address or at the one that the URL names for them. */
function direct(
  url: BucketUrl,
  credentials: S3Credentials,
  { at, orAway }: { at: (key: string) => { Bucket: string; Key: string }; orAway: Asking },
): Partial<Files> {
  if (url.endpoint !== undefined && url.public === undefined) return {};
  const client = openClient({ ...url, endpoint: url.public ?? url.endpoint }, credentials);
  return {
    directGet: (key, { from, seconds, type, disposition, cacheControl }: DirectGet) => {
      const answer = { ResponseContentType: type, ResponseContentDisposition: disposition, ResponseCacheControl: cacheControl };
      return getSignedUrl(client, new GetObjectCommand({ ...at(key), ...answer }), { signingDate: from, expiresIn: seconds });
    },
    directPost: async (key, { seconds, type, bytes }): Promise<DirectPost> => {
      const post = {
        ...at(key),
        Expires: seconds,
        Fields: { 'Content-Type': type },
        Conditions: [
          ['content-length-range', bytes, bytes],
          ['eq', '$Content-Type', type],
        ],
      } satisfies PresignedPostOptions;
      // A client may be the first who stores something: the bucket must be there.
      return orAway(() => createPresignedPost(client, post));
    },
  };
}

function unlessThere(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}
