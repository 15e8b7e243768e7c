/** The indexes that a collection must have. */
import { type Collection, type Document, MongoServerError } from 'mongodb';

export interface Index {
  /** The index's identity: one that is there under this name is not made again. */
  name: string;
  key: Record<string, 1>;
}

const NO_SUCH_COLLECTION = 26;

/**
 * Makes the indexes that are not there. MongoDB reads the collection once for all that are declared in one command; FerretDB gains nothing by
 * that, and breaks off where two of them are there already (as when two processes start at once): for it, `oneByOne` declares each alone.
 */
export async function declareIndexes<T extends Document>(collection: Collection<T>, indexes: readonly Index[], oneByOne: boolean): Promise<void> {
  const there = await namesOf(collection);
  const missing = indexes.filter(({ name }) => !there.has(name));
  if (missing.length === 0) return;
  for (const some of oneByOne ? missing.map((one) => [one]) : [missing]) await collection.createIndexes(some);
}

async function namesOf<T extends Document>(collection: Collection<T>): Promise<Set<string>> {
  try {
    return new Set((await collection.indexes()).map(({ name }) => name ?? ''));
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NO_SUCH_COLLECTION) return new Set();
    throw error;
  }
}
