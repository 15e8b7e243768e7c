/** Queries as filters and sort orders of MongoDB. Field names come from the spec (checked by checkSpec). */
import type { Document as Bson, Filter, Sort } from 'mongodb';
import { checkCount, checkFind, kindOf } from '../fields.ts';
import { type Bound, idDescends, stretches } from '../keyset.ts';
import type { Condition, Count, Document, FieldKind, Find, ModelSpec } from '../read-models.ts';

/** A document as it is kept; `document: null` is a tombstone. */
export interface MongoDocument {
  _id: string;
  position: string;
  document: Document | null;
}

type Value = string | number | null;

/** The lower end of all texts and all numbers: added to an upper bound, it keeps out null, on which servers differ. */
const FLOOR = { text: { $gte: '' }, number: { $gte: -Number.MAX_VALUE } };
/** Characters that have a meaning in a regular expression. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/g;

/** The path of a field in a kept document. */
export function path(field: string): string {
  return `document.${field}`;
}

/** The filter for the live documents that match and come after `query.after`. Throws a TypeError for a query that the spec does not allow. */
export function filterOf(model: ModelSpec, query: Find): Filter<MongoDocument> {
  checkFind(model, query);
  return allOf([...matching(model, query), ...afterOf(query)]);
}

/** The filter for the live documents that are counted. Throws a TypeError for a query that the spec does not allow. */
export function countedBy(model: ModelSpec, query: Count): Filter<MongoDocument> {
  checkCount(model, query);
  return allOf(matching(model, query));
}

function matching(model: ModelSpec, { where }: Pick<Find, 'where'>): Bson[] {
  return [{ document: { $ne: null } }, ...where.map((one) => conditionOf(kindOf(model, one.field), one))];
}

const allOf = (conditions: Bson[]) => ({ $and: conditions }) as Filter<MongoDocument>;

/** The query's sort order. Null, and a missing field, come first for MongoDB too, and texts go by their bytes. */
export function sortOf(query: Find): Sort {
  const keys = query.sort.map(({ field, descending }) => [path(field), descending ? -1 : 1] as const);
  return Object.fromEntries([...keys, ['_id', idDescends(query) ? -1 : 1]]);
}

function conditionOf(kind: FieldKind, { field, op, value }: Condition): Bson {
  const at = path(field);
  if (op === 'eq') return { [at]: value };
  if (op === 'in') return { [at]: { $in: value } };
  // An index finds a literal beginning as it finds a range; FerretDB does not see that two bounds must hold for the same text.
  if (op === 'prefix') return { [at]: { $regex: `^${value.replace(SPECIAL, '\\$&')}` } };
  return { [at]: kind === 'texts' ? { $elemMatch: { [`$${op}`]: value } } : rangeOf(kind, op, value) };
}

function rangeOf(kind: 'text' | 'number', op: 'gte' | 'gt' | 'lte' | 'lt', value: string | number): Bson {
  return { ...(op === 'lte' || op === 'lt' ? FLOOR[kind] : {}), [`$${op}`]: value };
}

/**
 * Conditions for the documents after one: they are in one of the stretches; and before that the bound of the first sort key alone, by which the
 * server enters an index at the right place.
 */
function afterOf(query: Find): Bson[] {
  if (!query.after) return [];
  const any = stretches(query).map((stretch) => ({ $and: stretch.map((bound) => boundOf(bound)) }));
  const [first] = query.sort;
  return [...(first ? entry(path(first.field), first.descending, query.after.values[0] ?? null) : []), { $or: any }];
}

function entry(at: string, descending: boolean, value: Value): Bson[] {
  if (value === null) return descending ? [{ [at]: null }] : [];
  // Not $lte: in a descending order null comes last, and $lte would leave it out.
  return [{ [at]: descending ? { $not: { $gt: value } } : { $gte: value } }];
}

function boundOf(bound: Bound): Bson {
  const at = bound.field === null ? '_id' : path(bound.field);
  if (bound.is === 'not null') return { [at]: { $ne: null } };
  if (bound.is === 'same') return { [at]: bound.value };
  const kind = typeof bound.value === 'number' ? 'number' : 'text';
  return { [at]: rangeOf(kind, bound.descending ? 'lt' : 'gt', bound.value) };
}
