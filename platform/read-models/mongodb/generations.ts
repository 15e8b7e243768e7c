/**
 * The state of read models, beside their documents: one document in `_models` holds all of a model's, so that one read shows a checkpoint together
 * with the cache generation that belongs to it. It is changed whole: read, changed, replaced where nobody else did so meanwhile.
 */
import type { Position } from '../../../contracts/message.ts';
import type { MongoServer } from '../../connections/mongodb/connect.ts';
import { unlessThere } from '../../connections/mongodb/insert.ts';
import type { StillOurs } from '../../connections/mongodb/turns.ts';
import { BEGINNING } from '../../followers/checkpoint-type.ts';
import { type ModelSpec, type ModelState, NoSuchGeneration, type ReadModels } from '../read-models.ts';

interface Generation {
  version: number;
  position: Position;
  eventId: string;
}

interface Model {
  /** The model's name. */
  _id: string;
  /** A number that each change raises by one. */
  revision: number;
  /** The generation that queries read; 0: none yet. */
  generation: number;
  /** The highest number ever given to a generation. */
  newest: number;
  cacheGeneration: number;
  parked: number;
  /** The generations that are there, by their numbers. */
  generations: Record<string, Generation>;
}

/** A model as it was read, and a generation of it that is there. */
export interface Checked {
  model: Model;
  generation: number;
  /** True where queries read this generation. */
  current: boolean;
}

/** The generations of read models, by `_models`. On a server that needs turns, the caller of a change must have the model's. */
export interface MongoGenerations {
  /** Begins a new generation and answers its number; all others but the one that queries read are dropped. */
  begin(model: ModelSpec, stillOurs: StillOurs): Promise<number>;
  state(model: ModelSpec, generation?: number): Promise<ModelState | null>;
  update(model: ModelSpec, change: Parameters<ReadModels['update']>[1], stillOurs: StillOurs): Promise<ModelState | null>;
  /** Reads a model, and makes sure that a generation is there. Rejects with NoSuchGeneration. */
  check(model: ModelSpec, generation: number): Promise<Checked>;
  /** Moves a checked generation's checkpoint, never back; answers the state of the generation that queries read. Rejects with NoSuchGeneration. */
  moveCheckpoint(checked: Checked, checkpoint: ModelState['checkpoint'], stillOurs: StillOurs): Promise<ModelState | null>;
  /** The numbers of the generations that are there. */
  live(model: Pick<ModelSpec, 'name'>): Promise<number[]>;
  /** All models that were ever begun, by name. */
  all(): Promise<Pick<ModelSpec, 'name'>[]>;
}

export function openMongoGenerations({ db, atomic }: MongoServer): MongoGenerations {
  const models = db.collection<Model>('_models');

  /**
   * Changes a model's document, and answers it. Where `edit` answers the model that it was given, nothing is written. `known` is a model read just
   * now; where it is old already, the model is read again.
   */
  async function change(name: string, stillOurs: StillOurs, edit: (model: Model) => Model, known?: Model): Promise<Model> {
    const before = known ?? (await models.findOne({ _id: name }));
    const begun = before ?? newModel(name);
    const edited = edit(begun);
    if (edited === begun) return edited;
    const after = { ...edited, revision: begun.revision + 1 };
    stillOurs();
    const done = await (before ? replaced(before, after) : unlessThere(() => models.insertOne(after)));
    return done ? after : change(name, stillOurs, edit);
  }

  async function replaced({ _id, revision }: Model, after: Model): Promise<boolean> {
    const { matchedCount } = await models.replaceOne(atomic ? { _id, revision } : { _id }, after);
    return matchedCount === 1;
  }

  const read = (model: Pick<ModelSpec, 'name'>) => models.findOne({ _id: model.name });

  return {
    begin: async ({ name, version }, stillOurs) => {
      const begun = await change(name, stillOurs, (model) => {
        const next = model.newest + 1;
        const current = model.generations[model.generation];
        return {
          ...model,
          newest: next,
          generations: { ...(current ? { [model.generation]: current } : {}), [next]: { version, ...BEGINNING } },
        };
      });
      return begun.newest;
    },

    state: async (model, generation) => stateOf(await read(model), generation),

    update: async ({ name }, { generation, ...others }, stillOurs) => {
      const edit = (model: Model) => {
        const next = { ...(generation === undefined ? model : movedTo(model, generation)), ...defined(others) };
        // The cache generation never goes back: entries that were disowned stay so, whatever another process thinks.
        return { ...next, cacheGeneration: Math.max(model.cacheGeneration, next.cacheGeneration) };
      };
      return stateOf(await change(name, stillOurs, edit));
    },

    moveCheckpoint: async ({ model: known, generation }, { position, eventId }, stillOurs) => {
      const edit = (model: Model) => {
        const one = generationOf(model, generation);
        if (one.position >= position) return model;
        return { ...model, generations: { ...model.generations, [generation]: { ...one, position, eventId } } };
      };
      return stateOf(await change(known._id, stillOurs, edit, known));
    },

    check: async (model, generation) => {
      const found = (await read(model)) ?? newModel(model.name);
      generationOf(found, generation);
      return { model: found, generation, current: found.generation === generation };
    },

    all: async () => (await models.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => ({ name: _id })),

    live: async (model) => Object.keys((await read(model))?.generations ?? {}).map(Number),
  };
}

function newModel(name: string): Model {
  // The cache generation begins at the time, not at 0: where `_models` was lost, entries of a cache that outlived it must not count as new.
  return { _id: name, revision: 0, generation: 0, newest: 0, cacheGeneration: Date.now(), parked: 0, generations: {} };
}

function generationOf({ _id, generations }: Model, generation: number): Generation {
  const found = generations[generation];
  if (!found) throw new NoSuchGeneration(_id, generation);
  return found;
}

/** The model with its pointer moved to a generation; the one that it pointed to is dropped. */
function movedTo(model: Model, generation: number): Model {
  generationOf(model, generation);
  if (model.generation === generation) return model;
  const { [model.generation]: _dropped, ...generations } = model.generations;
  return { ...model, generation, generations };
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}

function stateOf(model: Model | null, generation = model?.generation ?? 0): ModelState | null {
  const found = model?.generations[generation];
  if (!model || !found) return null;
  const { cacheGeneration, parked } = model;
  const { version, position, eventId } = found;
  return { generation, checkpoint: { position, eventId }, version, cacheGeneration, parked };
}
