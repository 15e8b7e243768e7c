/** Whether two files have the same bytes. */
import { createHash } from 'node:crypto';

type Bytes = AsyncIterable<Uint8Array>;

/** True where both have the same bytes. Reads both whole, in the memory of a chunk. */
export async function isSame(one: Bytes, other: Bytes): Promise<boolean> {
  const [first, second] = await Promise.all([sha256Of(one), sha256Of(other)]);
  return first === second;
}

/** SHA-256 in hexadecimal. Reads all, in the memory of a chunk. */
export async function sha256Of(bytes: Bytes): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}
