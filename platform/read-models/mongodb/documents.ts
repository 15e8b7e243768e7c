/** The documents of one generation, in a collection `<name>_<n>`. */
import type { AnyBulkWriteOperation } from 'mongodb';
import type { Position } from '../../../contracts/message.ts';
import type { MongoServer } from '../../connections/mongodb/connect.ts';
import { duplicatesIn } from '../../connections/mongodb/errors.ts';
import { declareIndexes, type Index } from '../../connections/mongodb/indexes.ts';
import type { StillOurs } from '../../connections/mongodb/turns.ts';
import { checkDocument } from '../fields.ts';
import type { Count, Find, ModelSpec, Stored } from '../read-models.ts';
import { countedBy, filterOf, type MongoDocument, path, sortOf } from './find.ts';
import type { Positions } from './known-positions.ts';

export interface MongoDocuments {
  get(ids: readonly string[]): Promise<Stored[]>;
  find(model: ModelSpec, query: Find): Promise<Stored[]>;
  count(model: ModelSpec, query: Count): Promise<number>;
  /** Replaces older documents; resolves when each document is at or past its position. On a server that is not atomic the caller must have the turn. */
  write(documents: readonly Stored[], how: HowToWrite): Promise<void>;
  /** Makes the indexes of the spec, and one for each field of texts; indexes that are there stay. */
  index(model: ModelSpec): Promise<void>;
}

export interface HowToWrite {
  /** True where most are not there yet: they are inserted before older ones are looked for. */
  mostlyNew: boolean;
  /** What is known of where documents are, and need not be looked up. */
  positions: Positions;
  stillOurs: StillOurs;
}

/** Documents asked for each by its id, on a server that finds only those fast; for more than that, reading all costs no more. */
const MOST_SINGLE = 1_000;
/** Documents in one insertion, and in one batch of a server's answer. */
const CHUNK = 1_000;
/** Documents replaced at once where updates are no single steps. FerretDB holds a connection to its file for each of them until the last is done, and with 200 hangs for good. */
const REPLACED = 50;
const NOTHING: Positions = new Map();

export function documentsIn(
  { db, atomic, scans, singly }: Pick<MongoServer, 'db' | 'atomic' | 'scans' | 'singly'>,
  collection: string,
): MongoDocuments {
  const kept = db.collection<MongoDocument>(collection);
  const alone = singly(collection);
  const atOnce = atomic ? CHUNK : REPLACED;

  async function byId(ids: readonly string[], projection: { [field: string]: 1 } = {}): Promise<MongoDocument[]> {
    const wanted = [...new Set(ids)];
    if (wanted.length === 0) return [];
    if (wanted.length > 1 && (!scans || wanted.length > MOST_SINGLE))
      return kept.find({ _id: { $in: wanted } }, { projection, batchSize: CHUNK }).toArray();
    return eachById(wanted, projection);
  }

  /** Asks for each document alone. After the first failure nothing more is asked for: the caller tries again. */
  async function eachById(ids: readonly string[], projection: { [field: string]: 1 }): Promise<MongoDocument[]> {
    const asking = new AbortController();
    const one = async (_id: string) => {
      if (asking.signal.aborted) return null;
      try {
        return await kept.findOne({ _id }, { projection });
      } catch (error) {
        asking.abort();
        throw error;
      }
    };
    const found = await Promise.all(ids.map((id) => alone(() => one(id))));
    return found.filter((document) => document !== null);
  }

  /** Inserts the documents that are not there; answers those that are. */
  const insert = (documents: Stored[]) => unlessMet(documents, (chunk) => kept.insertMany(chunk.map(keptOf), { ordered: false }));

  /** Inserts or replaces in one step each; answers those that somebody else has written meanwhile, or at a position as high as theirs. */
  const upsert = (documents: Stored[]) => unlessMet(documents, (chunk) => kept.bulkWrite(chunk.map(upserting), { ordered: false }));

  /** Writes documents, a chunk at a time; answers those that met one with their _id. */
  async function unlessMet(documents: Stored[], writeChunk: (chunk: Stored[]) => Promise<unknown>): Promise<Stored[]> {
    const met: Stored[] = [];
    for (let from = 0; from < documents.length; from += CHUNK) {
      const chunk = documents.slice(from, from + CHUNK);
      for (const index of await duplicatesOf(() => writeChunk(chunk))) met.push(...chunk.slice(index, index + 1));
    }
    return met;
  }

  /** Replaces documents; answers those that must be looked at again, because another writer was at one of them. */
  async function replace(documents: Stored[], stillOurs: StillOurs): Promise<Stored[]> {
    const lost: Stored[] = [];
    for (let from = 0; from < documents.length; from += atOnce) {
      const chunk = documents.slice(from, from + atOnce);
      stillOurs();
      const { matchedCount } = await kept.bulkWrite(chunk.map(replacing), { ordered: false });
      if (matchedCount < chunk.length) lost.push(...chunk);
    }
    return lost;
  }

  function replacing(one: Stored): AnyBulkWriteOperation<MongoDocument> {
    // On a server that is not atomic the turn is the guard; there, a filter by more than the _id would read the whole collection.
    const filter = atomic ? { _id: one.id, position: { $lt: one.position } } : { _id: one.id };
    return { replaceOne: { filter, replacement: keptOf(one) } };
  }

  function upserting(one: Stored): AnyBulkWriteOperation<MongoDocument> {
    return { replaceOne: { filter: { _id: one.id, position: { $lt: one.position } }, replacement: keptOf(one), upsert: true } };
  }

  /** What is there is not looked up: of a document that is as new, the filter finds none, and its insertion meets it. */
  async function writeInSteps(documents: Stored[], mostlyNew: boolean): Promise<void> {
    const met = await (mostlyNew ? insert(documents) : upsert(documents));
    // No document goes away: one that is not replaced now is as new.
    await replace(met, () => {});
  }

  async function writeInTurn(documents: Stored[], { mostlyNew, positions, stillOurs }: HowToWrite): Promise<void> {
    let known = positions;
    for (let left = mostlyNew ? await insert(documents) : documents; left.length > 0; ) {
      const there = await positionsOf(left, known);
      // What was known and was not so is looked up.
      known = NOTHING;
      const met = await insert(left.filter(({ id }) => !there.has(id)));
      const lost = await replace(
        left.filter(({ id, position }) => (there.get(id) ?? position) < position),
        stillOurs,
      );
      left = [...met, ...lost];
    }
  }

  /** The positions of the documents that are there: those that are known, and the others as they are looked up. */
  async function positionsOf(documents: Stored[], known: Positions): Promise<Map<string, Position>> {
    const ids = documents.map(({ id }) => id);
    const found = await byId(
      ids.filter((id) => !known.has(id)),
      { position: 1 },
    );
    const there = new Map(found.map(({ _id, position }) => [_id, position]));
    for (const id of ids) {
      const position = known.get(id);
      if (position) there.set(id, position);
    }
    return there;
  }

  async function write(documents: readonly Stored[], how: HowToWrite): Promise<void> {
    const newest = newestOf(documents);
    await (atomic ? writeInSteps(newest, how.mostlyNew) : writeInTurn(newest, how));
  }

  return {
    get: async (ids) => (await byId(ids)).map(storedOf),
    find: async (model, query) => {
      const cursor = kept.find(filterOf(model, query), { sort: sortOf(query), limit: query.limit, batchSize: Math.min(query.limit, CHUNK) });
      return (await cursor.toArray()).map(storedOf);
    },
    count: (model, query) => kept.countDocuments(countedBy(model, query), { limit: query.most }),
    write,
    index: (model) => declareIndexes(kept, indexesOf(model), scans),
  };
}

/** Throws a TypeError where a declared field holds another kind of value than declared. */
export function checkDocuments(model: ModelSpec, documents: readonly Stored[]): void {
  for (const { document } of documents) if (document) checkDocument(model, document);
}

/** The indexes of a spec. The last key of each is the _id, as in every sort order; an index of a list of texts finds any of them. */
function indexesOf({ fields, indexes }: ModelSpec): Index[] {
  const texts = Object.keys(fields).filter((field) => fields[field] === 'texts' && !indexes.some(([first]) => first === field));
  return [...indexes, ...texts.map((field) => [field])].map((list) => ({
    name: list.join(','),
    key: Object.fromEntries([...list.map(path), '_id'].map((at) => [at, 1])),
  }));
}

/** The indexes of what a write met by its _id. Errors: all others of the write. */
async function duplicatesOf(write: () => Promise<unknown>): Promise<number[]> {
  try {
    await write();
    return [];
  } catch (error) {
    const duplicates = duplicatesIn(error);
    if (!duplicates) throw error;
    return duplicates;
  }
}

/** The documents without repeated ids: of each id the one with the highest position. */
function newestOf(documents: readonly Stored[]): Stored[] {
  const newest = new Map<string, Stored>();
  for (const one of documents) if (one.position > (newest.get(one.id)?.position ?? '')) newest.set(one.id, one);
  return [...newest.values()];
}

function keptOf({ id, position, document }: Stored): MongoDocument {
  return { _id: id, position, document };
}

function storedOf({ _id, position, document }: MongoDocument): Stored {
  return { id: _id, position, document };
}
