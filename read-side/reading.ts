/** The frame of every query: it waits for Read-After, takes the position first, and follows the pointer to the generation. */
import { type Position, START } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { Cache } from '../platform/cache/cache.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import type { Caller, RouteRequest } from '../platform/http/route.ts';
import { type Count, type Find, type ModelState, NoSuchGeneration, type ReadModels, type Stored } from '../platform/read-models/read-models.ts';
import { countKey, LIST_SECONDS, listKey } from '../projections/list-key.ts';
import type { AnyProjector } from '../projections/projector.ts';

export interface QueryContext {
  store: EventStore;
  readModels: ReadModels;
  cache: Cache;
  /** The present time in ISO 8601, UTC; injected by tests. */
  now?: () => string;
}

/** Milliseconds for which a query waits for the position of Read-After. */
const READ_AFTER_PATIENCE = 2_000;
/** The number of times that a query is tried where rebuilds move the pointer meanwhile. */
const MOVES = 5;

/** The caller of a row that is only for users. */
export function callerOf({ caller }: RouteRequest): Caller {
  if (caller) return caller;
  throw new ProblemError('unauthorized', 'Log in first.');
}

/** One read model as a query reads it. */
export interface Reading {
  state: ModelState;
  /** A live document by its id. */
  one(id: string): Promise<Stored | undefined>;
  /** The live documents among these ids, in any order. */
  many(ids: readonly string[]): Promise<Stored[]>;
  /** Resolves to the result of a query. With a topic, it may come from the cache. */
  list(find: Find, topic?: string): Promise<Stored[]>;
  /** Resolves to the number of live documents that match, counted in the store up to `most`. With a topic, it may come from the cache. */
  count(query: Count, topic?: string): Promise<number>;
}

/**
 * Waits for Read-After, takes the model's state (its position and cache generation) and only then reads; begins again where the generation
 * is dropped meanwhile. Errors: ProblemError `invalid` (400) and `unavailable`; those of the ports.
 */
export async function reading<T>(
  context: QueryContext,
  projector: AnyProjector,
  request: RouteRequest,
  read: (from: Reading) => Promise<T>,
): Promise<{ position: Position; result: T }> {
  await readAfter(context, projector, request);
  return readWhole(context, projector, read);
}

/** Reads without waiting for Read-After: what is shown beside what was waited for. Errors: ProblemError `unavailable`; those of the ports. */
export async function readWhole<T>(
  context: QueryContext,
  projector: AnyProjector,
  read: (from: Reading) => Promise<T>,
): Promise<{ position: Position; result: T }> {
  for (let moves = 0; moves < MOVES; moves++) {
    const state = await context.readModels.state(projector.model);
    if (!state) break;
    const result = await unlessDropped(read(readingOf(context, projector, state)));
    if (result !== DROPPED) return { position: state.checkpoint.position, result };
  }
  throw unavailable('This is being built from history. Try again.');
}

const DROPPED = Symbol('the generation was dropped');

async function unlessDropped<T>(reading: Promise<T>): Promise<T | typeof DROPPED> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof NoSuchGeneration) return DROPPED;
    throw error;
  }
}

function readingOf({ readModels, cache }: QueryContext, projector: AnyProjector, state: ModelState): Reading {
  const { model } = projector;
  const { generation, cacheGeneration } = state;

  async function cached(key: string): Promise<{ value: unknown } | undefined> {
    const [entry] = await cache.get([key]);
    return entry?.generation === cacheGeneration ? entry : undefined;
  }

  /** What is read, or was, and nothing changed it since. The counter is read before the documents: projections/cached.ts says why. */
  async function fresh<T>(topic: string | undefined, keyOf: (counter: number) => string, read: () => Promise<T>): Promise<T> {
    const [counter = 0] = (topic && (await cache.generations([topic]))) || [];
    if (counter === 0) return read();
    const key = keyOf(counter);
    const known = await cached(key);
    if (known) return known.value as T;
    const value = await read();
    const entry = { position: state.checkpoint.position, generation: cacheGeneration, value };
    await cache.set([{ key, entry }], LIST_SECONDS).catch(() => {});
    return value;
  }

  return {
    state,
    one: async (id) => {
      const known = projector.cacheKey && (await cached(projector.cacheKey(id)));
      if (known) return { id, position: state.checkpoint.position, document: known.value as Stored['document'] };
      const [stored] = await readModels.get(model, generation, [id]);
      return stored;
    },
    many: (ids) => readModels.get(model, generation, [...ids]),
    list: (find, topic) =>
      fresh(
        topic,
        (counter) => listKey(model, find, counter),
        () => readModels.find(model, generation, find),
      ),
    count: (query, topic) =>
      fresh(
        topic,
        (counter) => countKey(model, query, counter),
        () => readModels.count(model, generation, query),
      ),
  };
}

async function readAfter({ store, readModels }: QueryContext, { model }: AnyProjector, request: RouteRequest): Promise<void> {
  const position = await readAfterOf(store, request);
  if (position === undefined) return;
  const state = await readModels.state(model);
  if (state && state.parked > 0) throw unavailable('Some of this waits for an operator: it cannot be said to be that new.');
  if (await readModels.reached(model, position, READ_AFTER_PATIENCE)) return;
  throw unavailable('What Read-After names has not arrived here yet. Try again.');
}

/** The position of the header Read-After, checked against the log's end; undefined without one. Error: ProblemError `invalid` (400). */
export async function readAfterOf(store: EventStore, request: RouteRequest): Promise<Position | undefined> {
  const text = request.header('read-after');
  if (!text) return undefined;
  const problem = positionProblem(text, await store.head());
  if (!problem) return text;
  throw new ProblemError('invalid', `Read-After ${problem}.`, { status: 400, errors: [{ pointer: 'Read-After', detail: problem }] });
}

/** The problem with a text that should be a position of the log; undefined for none. All positions have the same width. */
export function positionProblem(text: string, head: Position): string | undefined {
  if (!/^[0-9A-Za-z./:_-]{1,100}$/.test(text) || (head !== START && text.length !== head.length))
    return 'must be a Position, as an earlier answer gave it';
  return text > head ? 'is beyond the end of the log' : undefined;
}

function unavailable(detail: string): ProblemError {
  return new ProblemError('unavailable', detail, { headers: { 'Retry-After': '1' } });
}

/** The refusal (400) of a query parameter that is wrong in a way its schema cannot see. */
export function badParameter(name: string, detail: string): ProblemError {
  return new ProblemError('invalid', `Not valid: ?${name}.`, { status: 400, errors: [{ pointer: `?${name}`, detail }] });
}
