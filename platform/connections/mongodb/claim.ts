/** Whose a database is: its first user's, as long as nobody drops it or the mark in it. */
import { type Db, MongoServerError } from 'mongodb';
import { ServerRefused } from '../reach.ts';
import type { MongoConnecting, MongoServer } from './connect.ts';
import { isUnavailable } from './errors.ts';
import { unlessThere } from './insert.ts';

/** The collection of the mark, and the only document in it. A storage format. */
const COLLECTION = '_installation';
const MARK = { _id: 'installation' } as const;
interface Mark {
  _id: 'installation';
  /** The installation's id, as it is in its event store. */
  installation: string;
}

/**
 * Marks the server's database as an installation's own, where nobody's mark is there; null: an installation without an id claims nothing. A server that takes
 * no mark (its disk is full, or the user may not) has none. Errors: ServerRefused, where the database is another installation's; those of a server that is away.
 */
export async function claimMongo({ db }: Pick<MongoServer, 'db'>, { what, variable }: MongoConnecting, installation: string | null): Promise<void> {
  if (installation === null) return;
  const owner = await ownerOf(db, installation);
  if (owner === installation) return;
  throw new ServerRefused(
    `${what} in the database ${db.databaseName} are those of another installation (${owner}; this one is ${installation}). Name another database in ${variable}, as mongodb://host:27017/another; or, where that installation is no more, drop this one; or, where it is this one, put back from an older backup, remove the mark: db.getCollection("${COLLECTION}").drop()`,
  );
}

/** The owner that is written there: this installation where nobody's was, or nobody's can be. */
async function ownerOf(db: Db, installation: string): Promise<string> {
  const marks = db.collection<Mark>(COLLECTION);
  const there = await marks.findOne(MARK);
  if (there) return there.installation;
  const isOurs = await unlessThere(() => marks.insertOne({ ...MARK, installation })).catch(orRefused);
  if (isOurs) return installation;
  const other = await marks.findOne(MARK);
  // Whoever was faster may not be readable at once, where what is read is what a majority has: then all of this is tried again.
  if (!other) throw new Error(`whose the database ${db.databaseName} is cannot be read yet`);
  return other.installation;
}

/** True for an error by which the server takes no mark. Any other error is thrown. */
function orRefused(error: unknown): true {
  if (error instanceof MongoServerError && !isUnavailable(error)) return true;
  throw error;
}
