/** Stores a local file as an object by one request, whose bytes the server checks. */
import { createReadStream } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { sha256Of } from '../same-bytes.ts';
import { ANSWER_MS } from './client.ts';
import type { BucketTarget, Sending } from './sending.ts';

const ATTEMPTS = 3;
/** Milliseconds before the second attempt, twice that before the third. */
const PAUSE_MS = 200;
/** Bytes that a server takes in a millisecond at least; a slower one is away. */
const BYTES_IN_A_MS = 250;
/** Bytes of the file that are read at once. */
const PIECE = 512 * 1024;

/** Puts a file, at most three times. Errors: the SDK's, the signal's reason. */
export async function putWhole(client: S3Client, target: BucketTarget, how: Sending): Promise<void> {
  const sha256 = how.from.sha256 ?? (await sha256Of(createReadStream(how.from.path)));
  const put = () => putOnce(client, target, { ...how, sha256 });
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    const failed = await put().then(() => undefined, unlessFinal);
    if (!failed) return;
    await delay(attempt * PAUSE_MS, undefined, how.signal ? { signal: how.signal } : {});
  }
  await put();
}

/** Statuses of refusals that pass: too many requests; and another write of the same key is under way, after which it is there or not. */
const PASSING = [429, 409];

/** An error after which the same may be answered otherwise in a moment; rejects with any other. The SDK does not repeat a request whose body is a stream. */
function unlessFinal(error: unknown): unknown {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 503;
  if (name === 'AbortError' || (!PASSING.includes(status) && status < 500) || status === 501) throw error;
  return error;
}

async function putOnce(client: S3Client, { Bucket, Key }: BucketTarget, how: Sending & { sha256: string }): Promise<void> {
  const { from, signal, onlyNew, sha256 } = how;
  const Body = createReadStream(from.path, { highWaterMark: PIECE });
  // Amazon's keeps it beside the object. Of other servers many refuse it; they check what the signature says.
  const isChecked = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
  const command = new PutObjectCommand({
    ...{ Bucket, Key, Body, ContentType: from.type, ContentLength: from.bytes },
    ...(onlyNew ? { IfNoneMatch: '*' } : {}),
    ...(isChecked ? { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') } : {}),
  });
  // A stream is not signed by the SDK; with the hash of its bytes it is.
  command.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-amz-content-sha256'] = sha256;
      return next(args);
    },
    { step: 'build' },
  );
  try {
    await client.send(command, { ...(signal ? { abortSignal: signal } : {}), requestTimeout: ANSWER_MS + from.bytes / BYTES_IN_A_MS });
  } finally {
    Body.destroy();
  }
}
