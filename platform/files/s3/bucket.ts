/** The bucket itself, which we make on a server of our own. */
import { CreateBucketCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import type { BucketUrl } from '../files-url.ts';
import { asAway } from './refusals.ts';

/** Asks the server for something. Error: FilesUnavailable, or one of the port's own. */
export type Asking = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Makes the function that every question to a bucket goes through. On a server that the URL names a bucket that is missing is made, once in a process;
 * at Amazon its owner makes it, with the settings that it is to have.
 */
export function openBucket(client: S3Client, { bucket, endpoint }: BucketUrl): Asking {
  let isThere = endpoint === undefined;
  return async (work) => {
    try {
      if (!isThere) await make(client, bucket);
      isThere = true;
      return await work();
    } catch (error) {
      throw asAway(error);
    }
  };
}

async function make(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch (error) {
    // Who may use a bucket may often not ask for it.
    if ((error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403) return;
    if (!['NotFound', 'NoSuchBucket'].includes((error as Error).name)) throw error;
    await client.send(new CreateBucketCommand({ Bucket: bucket })).catch(unlessOurs);
  }
}

/** Another process made it meanwhile. */
function unlessOurs(error: Error): void {
  if (!['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'].includes(error.name)) throw error;
}
