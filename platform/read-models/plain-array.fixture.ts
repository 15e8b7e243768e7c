/** Queries on a plain array, whose answers every implementation of the store must give. */
import type { Condition, Document, Find, Stored } from './read-models.ts';

type Scalar = string | number | null;

/** The documents that match, in order, after `query.after`, at most `query.limit`. */
export function findIn(documents: readonly Stored[], query: Find): Stored[] {
  const { after } = query;
  return documents
    .filter(({ document }) => document && query.where.every((condition) => holds(document, condition)))
    .sort((a, b) => compareKeys(keysOf(a, query), keysOf(b, query), query))
    .filter((one) => !after || compareKeys(keysOf(one, query), [...after.values, after.id], query) > 0)
    .slice(0, query.limit);
}

/** The `after` of the page that follows a document. */
export function afterOf(last: Stored, query: Find): NonNullable<Find['after']> {
  return { values: keysOf(last, query).slice(0, -1), id: last.id };
}

function keysOf({ id, document }: Stored, { sort }: Find): Scalar[] {
  return [...sort.map(({ field }) => (document?.[field] ?? null) as Scalar), id];
}

function compareKeys(a: Scalar[], b: Scalar[], { sort }: Find): number {
  for (const [index, left] of a.entries()) {
    const order = compare(left, b[index] ?? null);
    const descending = (sort[index] ?? sort.at(-1))?.descending;
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

/** The order of two values: null first, then numbers by value, or texts by their bytes. */
function compare(a: Scalar, b: Scalar): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return typeof a === 'number' && typeof b === 'number' ? a - b : Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function holds(document: Document, condition: Condition): boolean {
  const value = document[condition.field] ?? null;
  if (Array.isArray(value)) return value.some((one) => meets(one, condition));
  return meets(value as Scalar, condition);
}

function meets(value: Scalar, condition: Condition): boolean {
  if (condition.op === 'eq') return value === condition.value;
  if (value === null) return false;
  if (condition.op === 'in') return condition.value.includes(value);
  if (condition.op === 'prefix') return String(value).startsWith(condition.value);
  const order = compare(value, condition.value);
  return { gte: order >= 0, gt: order > 0, lte: order <= 0, lt: order < 0 }[condition.op];
}
