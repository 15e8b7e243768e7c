/** The client of an S3 server. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { BucketUrl } from '../files-url.ts';

export interface S3Credentials {
  accessKey?: string | undefined;
  secretKey?: string | undefined;
}

/** Milliseconds for a connection; a server that takes longer is away. */
const CONNECT_MS = 3_000;
/** Milliseconds for the first byte of an answer to a small request; a server that takes longer is away. */
export const ANSWER_MS = 15_000;

/** Makes the client of a server. It connects with its first request, and tries each up to three times. */
export function openClient({ endpoint, region, pathStyle }: BucketUrl, { accessKey, secretKey }: S3Credentials): S3Client {
  const isAmazons = endpoint === undefined || new URL(endpoint).hostname.endsWith('.amazonaws.com');
  const own: S3ClientConfig = accessKey && secretKey ? { credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } } : {};
  return new S3Client({
    ...own,
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    forcePathStyle: pathStyle,
    maxAttempts: 3,
    // Whatever it has to say is in its errors, too; by itself it writes to the console.
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    // No bound on silence here: it would cut off who reads an object slowly. What the server owes us is watched by who asks.
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS, throwOnRequestTimeout: true, socketTimeout: 0 },
    // Many servers that are not Amazon's refuse the trailers in which the SDK sends its checksums by itself.
    ...(isAmazons ? {} : ({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' } as const)),
  });
}
