/**
 * The read models on a server that speaks MongoDB's protocol. There are no transactions over documents and checkpoint: documents first, each
 * guarded by its position, the checkpoint when all of them are there (invariant 8).
 */
import { MongoServerError } from 'mongodb';
import { callsOf } from '../../connections/mongodb/calls.ts';
import { connectMongo } from '../../connections/mongodb/connect.ts';
import { openTurns, type StillOurs } from '../../connections/mongodb/turns.ts';
import type { Reaching } from '../../connections/reach.ts';
import { checkCount, checkFind, checkSpec } from '../fields.ts';
import { type ModelSpec, type ReadModels, ReadModelsUnavailable, type Stored } from '../read-models.ts';
import { checkDocuments, documentsIn, type MongoDocuments } from './documents.ts';
import { openMongoGenerations } from './generations.ts';
import { openKnownPositions } from './known-positions.ts';
import { createReached } from './reached.ts';

export interface MongoReadModelsOptions extends Reaching {
  /** The installation whose the database is to be; null: nobody asks whose it is. */
  installation?: string | null | undefined;
}

interface Writing {
  model: ModelSpec;
  generation: number;
  documents: readonly Stored[];
  /** True where most are not there yet. */
  mostlyNew: boolean;
}

/**
 * Connects to `mongodb://…` or `mongodb+srv://…`, and waits for the server. The database is the URL's, or else `taskledger`.
 * Errors: ServerRefused (wrong credentials, too old, no MongoDB, another installation's database); later calls reject with ReadModelsUnavailable while the server is away.
 */
export async function openMongoReadModels(url: string, { installation, ...reaching }: MongoReadModelsOptions): Promise<ReadModels> {
  const connecting = { what: 'the read models', variable: 'READ_MODELS_URL', database: 'taskledger', installation };
  const server = await connectMongo(url, connecting, reaching);
  const generations = openMongoGenerations(server);
  const turns = openTurns(server);
  const known = openKnownPositions();
  const closing = new AbortController();
  const { once, patiently } = callsOf({
    closing: closing.signal,
    closed: 'the read models are closed',
    unavailable: (cause) => new ReadModelsUnavailable(cause),
  });
  const { log } = reaching;
  let sweeping: Promise<void> = Promise.resolve();

  /** Runs a write when it is this process's turn, again while the server is away: repeating a write changes nothing. */
  function written<T>(model: ModelSpec, work: (stillOurs: StillOurs, unbroken: object) => Promise<T>): Promise<T> {
    return patiently(() => turns.inTurn(model.name, work));
  }

  function documentsOf(model: ModelSpec, generation: number): MongoDocuments {
    return documentsIn(server, collectionOf(model, generation));
  }

  /** Runs a read of a generation. One that was dropped meanwhile may have been read in part, so afterwards the read checks that it is there. */
  function read<T>(model: ModelSpec, generation: number, work: (documents: MongoDocuments) => Promise<T>): Promise<T> {
    return once(async () => {
      const outcome = await settled(work(documentsOf(model, generation)));
      // The server may have refused the read because the collection went away.
      if ('result' in outcome || outcome.error instanceof MongoServerError) await generations.check(model, generation);
      if ('error' in outcome) throw outcome.error;
      return outcome.result;
    });
  }

  async function writeDocuments({ model, generation, documents, mostlyNew }: Writing, stillOurs: StillOurs, unbroken: object): Promise<void> {
    const collection = collectionOf(model, generation);
    const positions = known.at(collection, unbroken);
    known.forget(collection);
    try {
      await documentsIn(server, collection).write(documents, { mostlyNew, positions, stillOurs });
    } finally {
      known.forget(collection);
    }
  }

  /** Removes the collections of dropped generations, in the background. */
  function sweep(model: ModelSpec): void {
    sweeping = sweeping
      .then(() => removeDropped(model))
      .catch((error) => {
        if (!closing.signal.aborted) log.warn({ model: model.name, err: error }, 'old read models not removed; tried again with the next rebuild');
      });
  }

  /** Removes the collections of dropped generations, and those that a writer who did not know of the drop made again. */
  async function removeDropped(model: Pick<ModelSpec, 'name'>): Promise<void> {
    // Listed before the live generations are read: a collection begun meanwhile is not among them.
    const names = await server.db.listCollections({}, { nameOnly: true }).toArray();
    const live = new Set((await generations.live(model)).map((generation) => collectionOf(model, generation)));
    for (const { name } of names) if (isOf(model, name) && !live.has(name)) await server.db.dropCollection(name);
  }

  async function index(model: ModelSpec, generation: number): Promise<void> {
    await generations.check(model, generation);
    await documentsOf(model, generation).index(model);
  }

  const state: ReadModels['state'] = (model, generation) => once(() => generations.state(model, generation));
  const waiting = createReached((model) => state(model));

  return {
    begin: async (model) => {
      checkSpec(model);
      const generation = await written(model, (stillOurs) => generations.begin(model, stillOurs));
      // Where `_models` alone was lost, there are old documents under this number.
      await once(() => server.db.dropCollection(collectionOf(model, generation)));
      sweep(model);
      return generation;
    },

    get: async (model, generation, ids) => {
      const found = known.reading(collectionOf(model, generation), ids, turns.unbroken(model.name));
      const documents = await read(model, generation, (of) => of.get(ids));
      found(documents);
      return documents;
    },

    find: async (model, generation, query) => {
      checkFind(model, query);
      return read(model, generation, (documents) => documents.find(model, query));
    },

    count: async (model, generation, query) => {
      checkCount(model, query);
      return read(model, generation, (documents) => documents.count(model, query));
    },

    write: async (model, generation, documents, checkpoint) => {
      checkDocuments(model, documents);
      const reads = await written(model, async (stillOurs, unbroken) => {
        const checked = await generations.check(model, generation);
        if (documents.length > 0) await writeDocuments({ model, generation, documents, mostlyNew: !checked.current }, stillOurs, unbroken);
        return generations.moveCheckpoint(checked, checkpoint, stillOurs);
      });
      waiting.tell(model, reads);
    },

    ready: (model, generation) => once(() => index(model, generation)),

    state,

    update: async (model, change) => {
      const { generation } = change;
      if (generation !== undefined) await once(() => index(model, generation));
      waiting.tell(model, await written(model, (stillOurs) => generations.update(model, change, stillOurs)));
      if (generation !== undefined) sweep(model);
    },

    reached: waiting.reached,

    purge: async () => {
      await sweeping;
      for (const model of await once(generations.all)) await once(() => removeDropped(model));
    },

    close: async () => {
      closing.abort();
      waiting.close();
      await turns.close();
      await server.client.close();
      await sweeping;
    },
  };
}

/** The name of a generation's collection, as `task_list_3`. */
function collectionOf(model: Pick<ModelSpec, 'name'>, generation: number): string {
  return `${model.name}_${generation}`;
}

/** True for a collection of the model's generations; not for `suite_1_2` of the model `suite_1`, where the model is `suite`. */
function isOf(model: Pick<ModelSpec, 'name'>, collection: string): boolean {
  return collection.startsWith(`${model.name}_`) && /^\d+$/.test(collection.slice(model.name.length + 1));
}

async function settled<T>(work: Promise<T>): Promise<{ result: T } | { error: unknown }> {
  try {
    return { result: await work };
  } catch (error) {
    return { error };
  }
}
