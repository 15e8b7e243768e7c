/** A bucket of versitygw, and bare lib-storage into it. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { S3_ACCOUNT } from '../../servers/s3-server.ts';
import { startVersityGw } from '../../servers/versitygw.ts';

export interface BenchBucket {
  /** Its FILES_URL. */
  url: string;
  /** The variables of a process that keeps its files in it. */
  env: Record<string, string>;
  close(): Promise<void>;
}

/** Starts a server with a bucket, on a folder that goes with it. */
export async function bucketForBench(): Promise<BenchBucket> {
  const server = await startVersityGw();
  const env = { FILES_URL: server.url, S3_ACCESS_KEY: S3_ACCOUNT.accessKey, S3_SECRET_KEY: S3_ACCOUNT.secretKey };
  return { url: server.url, env, close: async () => void (await server.close()) };
}

/** Uploads a local file under a new key, as lib-storage does by itself. */
export async function bareUpload(url: string, path: string): Promise<void> {
  const { hostname: Bucket, searchParams } = new URL(url);
  const client = new S3Client({
    endpoint: searchParams.get('endpoint') ?? '',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: S3_ACCOUNT.accessKey, secretAccessKey: S3_ACCOUNT.secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  await new Upload({ client, params: { Bucket, Key: `bare/${randomUUID()}`, Body: createReadStream(path) } }).done();
  client.destroy();
}
