/** Read models and cache in plain maps, for tests that look into them or make them fail. */
import type { Cache, CacheEntry } from './cache/cache.ts';
import { type Condition, type Find, type ModelState, NoSuchGeneration, type ReadModels, type Stored } from './read-models/read-models.ts';

type Scalar = string | number | null;

interface Generation {
  state: ModelState;
  documents: Map<string, Stored>;
}

/** Read models in maps, as slow as can be. */
export function fakeReadModels(): ReadModels {
  const generations = new Map<string, Generation>();
  const current = new Map<string, number>();
  let last = 0;
  const at = (name: string, generation: number): Generation => {
    const found = generations.get(`${name}_${generation}`);
    if (!found) throw new NoSuchGeneration(name, generation);
    return found;
  };

  return {
    begin: async (model) => {
      const generation = ++last;
      const cacheGeneration = generations.get(`${model.name}_${current.get(model.name)}`)?.state.cacheGeneration ?? 1_000 + last;
      const checkpoint = { position: '', eventId: '' };
      generations.set(`${model.name}_${generation}`, {
        state: { generation, checkpoint, version: model.version, cacheGeneration, parked: 0 },
        documents: new Map(),
      });
      return generation;
    },
    get: async (model, generation, ids) => ids.flatMap((id) => structuredClone(at(model.name, generation).documents.get(id)) ?? []),
    find: async (model, generation, query) => {
      const live = [...at(model.name, generation).documents.values()].filter(
        ({ document }) => document && query.where.every((condition) => holds(document[condition.field], condition)),
      );
      const sorted = live.sort((a, b) => compare(query, a, b));
      const { after } = query;
      const rest = after ? sorted.filter((one) => compare(query, one, asStored(query, after)) > 0) : sorted;
      return structuredClone(rest.slice(0, query.limit));
    },
    write: async (model, generation, documents, checkpoint) => {
      const { state, documents: there } = at(model.name, generation);
      for (const one of documents) if ((there.get(one.id)?.position ?? '') < one.position) there.set(one.id, structuredClone(one));
      if (checkpoint.position >= state.checkpoint.position) state.checkpoint = { ...checkpoint };
    },
    state: async (model, generation = current.get(model.name) ?? 0) => {
      const found = generations.get(`${model.name}_${generation}`);
      return found ? structuredClone(found.state) : null;
    },
    update: async (model, { generation, ...change }) => {
      const before = current.get(model.name);
      if (generation !== undefined) {
        at(model.name, generation);
        current.set(model.name, generation);
        if (before) generations.delete(`${model.name}_${before}`);
      }
      Object.assign(at(model.name, current.get(model.name) ?? 0).state, change);
    },
    reached: async (model, position, timeout) => {
      const there = () => generations.get(`${model.name}_${current.get(model.name)}`)?.state.checkpoint.position ?? '';
      const end = performance.now() + timeout;
      while (there() < position && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
      return there() >= position;
    },
    close: async () => {},
  };
}

function holds(value: unknown, condition: Condition): boolean {
  const values = Array.isArray(value) ? value : [value ?? null];
  return values.some((one) => meets(one, condition));
}

function meets(one: Scalar, { op, value }: Condition): boolean {
  if (op === 'eq') return one === value;
  if (op === 'in') return one !== null && value.includes(one);
  if (op === 'prefix') return String(one).startsWith(value);
  return one !== null && ordered(op, order(one, value));
}

function ordered(op: 'gte' | 'gt' | 'lte' | 'lt', sign: number): boolean {
  return (sign === 0 && op.endsWith('e')) || (sign > 0 && op.startsWith('g')) || (sign < 0 && op.startsWith('l'));
}

function order(a: Scalar, b: Scalar): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a ?? '')), Buffer.from(String(b ?? '')));
}

function compare({ sort }: Find, a: Stored, b: Stored): number {
  const signs = sort.map(({ field, descending }) => {
    const sign = order((a.document?.[field] ?? null) as Scalar, (b.document?.[field] ?? null) as Scalar);
    return descending ? -sign : sign;
  });
  return signs.find((sign) => sign !== 0) ?? order(a.id, b.id) * (sort.at(-1)?.descending ? -1 : 1);
}

function asStored({ sort }: Find, { values, id }: NonNullable<Find['after']>): Stored {
  return { id, position: '', document: Object.fromEntries(sort.map(({ field }, index) => [field, values[index]])) };
}

/** A cache in maps. `fails` is asked before each write whether it is to fail (before or after it took effect). */
export function fakeCache(fails: () => 'before' | 'after' | false = () => false): Cache & { entries: Map<string, CacheEntry> } {
  const entries = new Map<string, CacheEntry>();
  const counters = new Map<string, number>();
  const unreliably = (write: () => void): void => {
    const failure = fails();
    if (failure !== 'before') write();
    if (failure) throw new Error('the cache does not answer');
  };

  return {
    entries,
    get: async (keys) => keys.map((key) => structuredClone(entries.get(key))),
    set: async (news) =>
      unreliably(() => {
        for (const { key, entry } of news) if ((entries.get(key)?.position ?? '') <= entry.position) entries.set(key, structuredClone(entry));
      }),
    generations: async (names) => names.map((name) => counters.get(name) ?? 0),
    raise: async (names) =>
      unreliably(() => {
        for (const name of names) counters.set(name, (counters.get(name) ?? 0) + 1);
      }),
    close: async () => {},
  };
}
