/**
 * What is kept of a read model beside its documents: one document in `_models` holds all of it, so that one read shows a checkpoint together
 * with the cache generation that belongs to it. It is changed whole: read, changed, replaced where nobody else did meanwhile.
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
  /** Its name. */
  _id: string;
  /** One more with each change. */
  revision: number;
  /** What queries read; 0: none yet. */
  generation: number;
  /** The highest number ever given. */
  newest: number;
  cacheGeneration: number;
  parked: number;
  /** Those that are there, by their numbers. */
  generations: Record<string, Generation>;
}

/** What was read of a model and a generation of it that is there. */
export interface Checked {
  model: Model;
  generation: number;
  /** True where queries read it. */
  current: boolean;
}

/** Where read models are, as `_models` says. The changes are for one at a time where the server needs turns. */
export interface Generations {
  /** The number of a new generation; all but it and the one that queries read are dropped. */
  begin(model: ModelSpec, stillOurs: StillOurs): Promise<number>;
  state(model: ModelSpec, generation?: number): Promise<ModelState | null>;
  update(model: ModelSpec, change: Parameters<ReadModels['update']>[1], stillOurs: StillOurs): Promise<ModelState | null>;
  /** Rejects with NoSuchGeneration. */
  check(model: ModelSpec, generation: number): Promise<Checked>;
  /** Moves a checked generation's checkpoint, never back, and answers the state of what queries read. Rejects with NoSuchGeneration. */
  moveCheckpoint(checked: Checked, checkpoint: ModelState['checkpoint'], stillOurs: StillOurs): Promise<ModelState | null>;
  /** The numbers of those that are there. */
  live(model: ModelSpec): Promise<number[]>;
}

export function openGenerations({ db, atomic }: MongoServer): Generations {
  const models = db.collection<Model>('_models');

  /**
   * Changes what is kept of a model, and answers it; `edit` may answer what it was given: then nothing is written. `known` was read just now:
   * where it is old already, it is read again.
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

  const read = (model: ModelSpec) => models.findOne({ _id: model.name });

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
        // It never goes back: what was disowned stays disowned, whoever thinks otherwise.
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

    live: async (model) => Object.keys((await read(model))?.generations ?? {}).map(Number),
  };
}

function newModel(name: string): Model {
  // The time, and not 0: after this was lost, entries of a cache that outlived it must not count as new.
  return { _id: name, revision: 0, generation: 0, newest: 0, cacheGeneration: Date.now(), parked: 0, generations: {} };
}

function generationOf({ _id, generations }: Model, generation: number): Generation {
  const found = generations[generation];
  if (!found) throw new NoSuchGeneration(_id, generation);
  return found;
}

/** The pointer moved; what it pointed to is dropped. */
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
