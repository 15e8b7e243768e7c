/** Whether two files have the same bytes. */
import { createHash } from 'node:crypto';

type Bytes = AsyncIterable<Uint8Array>;

/** True where both have the same bytes. Reads both whole, in the memory of a chunk. */
export async function isSame(one: Bytes, other: Bytes): Promise<boolean> {
  const [first, second] = await Promise.all([hashOf(one), hashOf(other)]);
  return first === second;
}

async function hashOf(bytes: Bytes): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}
