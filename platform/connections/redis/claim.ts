/** Whose a Redis database is: its first user's, as long as nobody empties it. */
import type { Redis } from 'ioredis';
import { ServerRefused } from '../reach.ts';
import { isReply } from './greeting.ts';

/** The key of the mark, after the prefix of all our keys. */
const MARK = 'installation';

/**
 * Marks the client's database as an installation's own, where nobody's mark is there. A Redis that takes no mark now (it is full, or the user may not)
 * has none. Errors: ServerRefused, where the database is another installation's; those of the connection.
 */
export async function claimDatabase(client: Redis, installation: string, server: string): Promise<void> {
  await client.set(MARK, installation, 'NX').catch(unlessReply);
  const other = await client.get(MARK).catch(unlessReply);
  if (!other || other === installation) return;
  throw new ServerRefused(
    `${server}: the database is used by another installation (${other}; this one is ${installation}). Name another one in CACHE_URL, as redis://host:6379/1; or, where that installation is no more, empty this one (FLUSHDB)`,
  );
}

function unlessReply(error: unknown): null {
  if (isReply(error)) return null;
  throw error;
}
