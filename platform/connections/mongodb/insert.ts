/** Insertions that somebody else may have made before. */
import { isDuplicate } from './errors.ts';

/**
 * Inserts; false where a document with that key is there already, which stays as it is. Error: any other of the insertion's.
 *
 *     if (await unlessThere(() => turns.insertOne(turn))) return keepAlive(turn);
 */
export async function unlessThere(insert: () => Promise<unknown>): Promise<boolean> {
  try {
    await insert();
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}
