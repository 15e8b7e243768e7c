/** Queries as filters and sort orders of MongoDB. Field names come from the spec (checked by checkSpec). */
import type { Document as Bson, Filter, Sort } from 'mongodb';
import { checkFind, kindOf } from '../fields.ts';
import { type Bound, idDescends, stretches } from '../keyset.ts';
import type { Condition, Document, FieldKind, Find, ModelSpec } from '../read-models.ts';

/** A document as it is kept; `document: null` is a tombstone. */
export interface Kept {
  _id: string;
  position: string;
  document: Document | null;
}

type Value = string | number | null;

/** Below every text and every number, so that nothing but those is below a bound: servers differ on null. */
const FLOOR = { text: { $gte: '' }, number: { $gte: -Number.MAX_VALUE } };
/** What has a meaning in a regular expression. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/g;

/** Where a field is in a kept document. */
export function path(field: string): string {
  return `document.${field}`;
}

/** The live documents that match, and come after `query.after`. Throws a TypeError for a query that the spec does not allow. */
export function filterOf(model: ModelSpec, query: Find): Filter<Kept> {
  checkFind(model, query);
  const conditions = query.where.map((one) => conditionOf(kindOf(model, one.field), one));
  return { $and: [{ document: { $ne: null } }, ...conditions, ...afterOf(query)] } as Filter<Kept>;
}

/** The query's order. Null, and no field at all, are first for MongoDB too, and texts go by their bytes. */
export function sortOf(query: Find): Sort {
  const keys = query.sort.map(({ field, descending }) => [path(field), descending ? -1 : 1] as const);
  return Object.fromEntries([...keys, ['_id', idDescends(query) ? -1 : 1]]);
}

function conditionOf(kind: FieldKind, { field, op, value }: Condition): Bson {
  const at = path(field);
  if (op === 'eq') return { [at]: value };
  if (op === 'in') return { [at]: { $in: value } };
  // A literal beginning is found by an index, as a range is; FerretDB does not see that two bounds must hold for the same text.
  if (op === 'prefix') return { [at]: { $regex: `^${value.replace(SPECIAL, '\\$&')}` } };
  return { [at]: kind === 'texts' ? { $elemMatch: { [`$${op}`]: value } } : rangeOf(kind, op, value) };
}

function rangeOf(kind: 'text' | 'number', op: 'gte' | 'gt' | 'lte' | 'lt', value: string | number): Bson {
  return { ...(op === 'lte' || op === 'lt' ? FLOOR[kind] : {}), [`$${op}`]: value };
}

/**
 * What comes after a document, as one of the stretches; and before them the bound of the first sort key alone, by which an index is
 * entered at the right place.
 */
function afterOf(query: Find): Bson[] {
  if (!query.after) return [];
  const any = stretches(query).map((stretch) => ({ $and: stretch.map((bound) => boundOf(bound)) }));
  const [first] = query.sort;
  return [...(first ? entry(path(first.field), first.descending, query.after.values[0] ?? null) : []), { $or: any }];
}

function entry(at: string, descending: boolean, value: Value): Bson[] {
  if (value === null) return descending ? [{ [at]: null }] : [];
  // Not "at most": null comes after everything.
  return [{ [at]: descending ? { $not: { $gt: value } } : { $gte: value } }];
}

function boundOf(bound: Bound): Bson {
  const at = bound.field === null ? '_id' : path(bound.field);
  if (bound.is === 'not null') return { [at]: { $ne: null } };
  if (bound.is === 'same') return { [at]: bound.value };
  const kind = typeof bound.value === 'number' ? 'number' : 'text';
  return { [at]: rangeOf(kind, bound.descending ? 'lt' : 'gt', bound.value) };
}
