/**
 * The read models' port: documents by key, made from events and safe to delete. Implementations: sqlite/ (embedded), mongodb/.
 *
 * A read model is kept in generations, `<name>_<n>`: a rebuild writes a new one beside the old and then moves one pointer.
 *
 *     const generation = await readModels.begin(VISITS);
 *     await readModels.write(VISITS, generation, [{ id, position, document: { host: 'bob' } }], { position, eventId });
 *     await readModels.update(VISITS, { generation });
 *     const found = await readModels.find(VISITS, generation, { where: [{ field: 'host', op: 'eq', value: 'bob' }], sort: [], limit: 20 });
 */
import type { Position } from '../../contracts/message.ts';
import { Unavailable } from '../absences/unavailable.ts';
import type { Checkpoint } from '../followers/checkpoint-type.ts';

/** A document's fields: JSON. */
export type Document = { [field: string]: unknown };

/** A document with the position of the last event folded into it. `document: null` is a tombstone. */
export interface Stored {
  id: string;
  position: Position;
  document: Document | null;
}

/** The kind of a field that queries may name: `text` and `number` hold one value, `texts` many (a query matches any of them). */
export type FieldKind = 'text' | 'number' | 'texts';

/** A projector's declaration of its read model. */
export interface ModelSpec {
  name: string;
  /** Version of the documents, raised when their shape or folding changes: the model is then rebuilt at start. */
  version: number;
  /** The fields of documents, by name, that conditions and sort orders may use. */
  fields: Record<string, FieldKind>;
  /** The indexes: lists of such fields, of which the last ones are sort keys. */
  indexes: string[][];
}

export type Condition =
  | { field: string; op: 'eq'; value: string | number | null }
  | { field: string; op: 'in'; value: (string | number)[] }
  | { field: string; op: 'gte' | 'gt' | 'lte' | 'lt'; value: string | number }
  /** Some text of the field, which must be of the kind `texts`, begins with `value`. */
  | { field: string; op: 'prefix'; value: string };

/**
 * A query for the documents of which all conditions hold; one on a `texts` field holds when some value of the field does. Sorted by `sort` (`text`
 * and `number` fields) and then by id (in the direction of the last key); texts compare by their UTF-8 bytes. Null, or no such field, is before
 * everything: first ascending, last descending.
 */
export interface Find {
  where: Condition[];
  sort: { field: string; descending: boolean }[];
  /** The last document of the page before: its values of the sort fields, and its id. */
  after?: { values: (string | number | null)[]; id: string };
  limit: number;
}

/** A question for the number of documents of which all conditions hold, up to `most`. */
export interface Count {
  where: Condition[];
  most: number;
}

/** The state of a read model beside its documents. */
export interface ModelState {
  /** The generation whose state this is: the one that queries read, or the one asked for. From 1. */
  generation: number;
  /** The checkpoint of that generation, which never goes back. */
  checkpoint: Checkpoint;
  /** Version of the projector that made the generation. */
  version: number;
  /**
   * A number raised when a write to the cache failed: cache entries that name another one are ignored. Its first value is the time, so that a store
   * made anew never meets old entries.
   */
  cacheGeneration: number;
  /** Number of parked streams, whose events wait: what the model shows of these streams is old. */
  parked: number;
}

/**
 * Texts are well-formed Unicode without NUL (the contracts see to it). A call that names a generation that is not there, or no longer, rejects with
 * NoSuchGeneration: the caller reads the state again.
 */
export interface ReadModels {
  /** Makes a new, empty generation and answers its number. All others but the one that queries read are dropped, also one abandoned at a restart. */
  begin(model: ModelSpec): Promise<number>;

  /** The documents of these ids, tombstones among them; ids that are not there are left out. */
  get(model: ModelSpec, generation: number, ids: readonly string[]): Promise<Stored[]>;

  /** The documents that match, without tombstones. */
  find(model: ModelSpec, generation: number, query: Find): Promise<Stored[]>;

  /** The number of documents that match, without tombstones, counted up to `most`: none of them leaves the store. */
  count(model: ModelSpec, generation: number, query: Count): Promise<number>;

  /**
   * Replaces whole documents, each only where the one in its place is older, then moves the generation's checkpoint.
   * Repeating a write changes nothing. In the embedded store it is one transaction.
   */
  write(model: ModelSpec, generation: number, documents: readonly Stored[], checkpoint: Checkpoint): Promise<void>;

  /**
   * Makes the indexes of a generation that is written so far, so that `update` can move the pointer to it at once.
   * The generation may go on being written. Takes a while, during which others read and write.
   */
  ready(model: ModelSpec, generation: number): Promise<void>;

  /** The state of the generation that queries read, or of another one; null when there is no such generation. */
  state(model: ModelSpec, generation?: number): Promise<ModelState | null>;

  /** Changes the model's state: `generation` moves the pointer (the old generation is dropped), the other fields are set. */
  update(model: ModelSpec, change: { generation?: number; cacheGeneration?: number; parked?: number }): Promise<void>;

  /** Resolves true as soon as the generation that queries read is at or past `position`, false after `timeout` ms. */
  reached(model: ModelSpec, position: Position, timeout: number): Promise<boolean>;

  /**
   * Resolves once nothing of generations that were dropped is in the store: their tables or collections are gone, and in the embedded file nothing is left
   * on free pages or in its log. What a server's disks keep of what it deleted is not known here. Repeating it does no harm. Takes as long as copying the
   * file, during which others read, and writes wait. Error: ReadModelsUnavailable, also while somebody reads the embedded file for long.
   */
  purge(): Promise<void>;

  close(): Promise<void>;
}

/** The generation was dropped, or never begun. A query then reads the state again; a projector that was writing it starts again. */
export class NoSuchGeneration extends Error {
  override readonly name = 'NoSuchGeneration';
  constructor(model: string, generation: number) {
    super(`read model ${model} has no generation ${generation}`);
  }
}

/** The name of the read models where their absences are told. */
export const READ_MODELS = 'the read models';

/** The store cannot be reached now, or refuses, and may have done what was asked for or not. Repeating that does no harm. */
export class ReadModelsUnavailable extends Unavailable {
  override readonly name = 'ReadModelsUnavailable';
  readonly dependency = READ_MODELS;
  readonly answer = 'What is asked for cannot be read right now. Try again.';
  constructor(cause: unknown) {
    super(`the read models cannot be reached: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
