/**
 * The read models' port: documents by key, made from events and safe to delete. Implementations: sqlite/ (embedded), mongodb/.
 *
 * A read model is kept in generations, `<name>_<n>`: a rebuild writes a new one beside the old and then moves one pointer.
 */
import type { Position } from '../../contracts/message.ts';
import type { Checkpoint } from '../followers/checkpoint-type.ts';

/** A document's fields: JSON. */
export type Document = { [field: string]: unknown };

/** A document with the position of the last event folded into it. `document: null` is a tombstone. */
export interface Stored {
  id: string;
  position: Position;
  document: Document | null;
}

/** A field that queries may name: `text`/`number` hold one value, `texts` many (a query matches any of them). */
export type FieldKind = 'text' | 'number' | 'texts';

/** What a projector declares of its read model. */
export interface ModelSpec {
  name: string;
  /** Raised when the shape or the folding changes: the model is then rebuilt at start. */
  version: number;
  /** Fields of the documents, by name, that conditions and sort orders may use. */
  fields: Record<string, FieldKind>;
  /** Indexes: lists of such fields, the last ones sort keys. */
  indexes: string[][];
}

export type Condition =
  | { field: string; op: 'eq'; value: string | number | null }
  | { field: string; op: 'in'; value: (string | number)[] }
  | { field: string; op: 'gte' | 'gt' | 'lte' | 'lt'; value: string | number }
  /** Some value of a `texts` field begins with it. */
  | { field: string; op: 'prefix'; value: string };

/**
 * All conditions hold; a condition on a `texts` field holds when some value of it does. Sorted by `sort` (`text` and `number` fields) and then by id
 * (same direction as the last key); texts compare by their UTF-8 bytes. Null, or no such field, is before everything: first ascending, last descending.
 */
export interface Find {
  where: Condition[];
  sort: { field: string; descending: boolean }[];
  /** Values of the sort fields and the id of the last document of the page before. */
  after?: { values: (string | number | null)[]; id: string };
  limit: number;
}

/** What is kept about a read model beside its documents. */
export interface ModelState {
  /** The generation this is the state of: the one that queries read, or the one that was asked for. From 1. */
  generation: number;
  /** Where that generation is; it never goes back. */
  checkpoint: Checkpoint;
  /** Version of the projector that made it. */
  version: number;
  /** Raised when a cache write failed: cache entries that name another one are ignored. Begins anywhere, so that a store made anew never meets old entries. */
  cacheGeneration: number;
  /** Streams whose events wait (parked): what the model shows of them is old. */
  parked: number;
}

/**
 * Texts are well-formed Unicode without NUL (the contracts see to it). Whatever names a generation that is not there, or no longer,
 * rejects with NoSuchGeneration: read the state again.
 */
export interface ReadModels {
  /** Makes a new, empty generation (and its indexes) and answers its number. `declare` again after a restart picks up nothing: abandoned generations are dropped. */
  begin(model: ModelSpec): Promise<number>;

  /** Documents by id, tombstones among them; ids not there are left out. */
  get(model: ModelSpec, generation: number, ids: readonly string[]): Promise<Stored[]>;

  /** Live documents that match (no tombstones). */
  find(model: ModelSpec, generation: number, query: Find): Promise<Stored[]>;

  /**
   * Replaces whole documents, each only where what is there is older than its position, then moves the generation's checkpoint.
   * Repeating it changes nothing. Embedded: one transaction.
   */
  write(model: ModelSpec, generation: number, documents: readonly Stored[], checkpoint: Checkpoint): Promise<void>;

  /**
   * Makes what queries need of a generation that is written so far (its indexes), so that `update` can move the pointer to it at once.
   * It may go on being written. Takes a while; others read and write meanwhile.
   */
  ready(model: ModelSpec, generation: number): Promise<void>;

  /** The state of the generation that queries read, or of another one; null when there is no such generation. */
  state(model: ModelSpec, generation?: number): Promise<ModelState | null>;

  /** Changes the model's state: `generation` moves the pointer (the old generation is dropped), the others are set. */
  update(model: ModelSpec, change: { generation?: number; cacheGeneration?: number; parked?: number }): Promise<void>;

  /** Resolves true as soon as the generation that queries read is at or past `position`, false after `timeout` ms. */
  reached(model: ModelSpec, position: Position, timeout: number): Promise<boolean>;

  close(): Promise<void>;
}

/** The generation was dropped, or never begun. Queries read the state again; a projector that was writing it starts again. */
export class NoSuchGeneration extends Error {
  override readonly name = 'NoSuchGeneration';
  constructor(model: string, generation: number) {
    super(`read model ${model} has no generation ${generation}`);
  }
}

/** The store cannot be reached now; whether what was asked for was done is not known. Repeating it does no harm. */
export class ReadModelsUnavailable extends Error {
  override readonly name = 'ReadModelsUnavailable';
  constructor(cause: unknown) {
    super('the read models cannot be reached', { cause });
  }
}
