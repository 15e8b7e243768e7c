/** The rules for a read model's spec, documents and queries, checked alike for every implementation of the store. */
import type { Condition, Count, Document, FieldKind, Find, ModelSpec } from './read-models.ts';

type Scalar = string | number | null;

const MODEL_NAME = /^[a-z][a-z0-9_-]{0,60}$/i;
const FIELD_NAME = /^[a-z_][a-z0-9_]{0,60}$/i;

/** Throws a TypeError unless names are plain identifiers and indexes name declared fields: they become names of tables and columns. */
export function checkSpec(model: ModelSpec): void {
  if (!MODEL_NAME.test(model.name)) throw new TypeError(`not a name for a read model: ${model.name}`);
  for (const field of Object.keys(model.fields)) {
    if (!FIELD_NAME.test(field)) throw new TypeError(`not a name for a field of ${model.name}: ${field}`);
  }
  for (const field of model.indexes.flat()) kindOf(model, field);
}

/** The kind of a declared field. Throws a TypeError for one that is not declared. */
export function kindOf(model: ModelSpec, field: string): FieldKind {
  const kind = Object.hasOwn(model.fields, field) ? model.fields[field] : undefined;
  if (!kind) throw new TypeError(`read model ${model.name} declares no field ${field}`);
  return kind;
}

/** A document's value of a `text` or `number` field; null where there is none. Throws a TypeError for a value of another kind. */
export function scalarOf(document: Document, field: string, kind: 'text' | 'number'): Scalar {
  const value = document[field] ?? null;
  if (value !== null && !isOfKind(value, kind)) throw new TypeError(`field ${field} must be a ${kind} or null, not ${JSON.stringify(value)}`);
  return value as Scalar;
}

/** A document's values of a `texts` field; none where there is no such field. Throws a TypeError for anything but texts. */
export function textsOf(document: Document, field: string): string[] {
  const value = document[field] ?? [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) throw new TypeError(`field ${field} must be a list of texts`);
  return value;
}

/** Throws a TypeError where a declared field of a document holds another kind of value than declared: no store takes it. */
export function checkDocument({ fields }: ModelSpec, document: Document): void {
  for (const [field, kind] of Object.entries(fields)) {
    if (kind === 'texts') textsOf(document, field);
    else scalarOf(document, field, kind);
  }
}

/** Throws a TypeError for a query whose fields are not declared, whose values are of another kind, or whose operators do not apply. */
export function checkFind(model: ModelSpec, query: Find): void {
  for (const condition of query.where) checkCondition(condition, kindOf(model, condition.field));
  for (const { field } of query.sort) {
    if (kindOf(model, field) === 'texts') throw new TypeError(`cannot sort by ${field}: it holds many values`);
  }
  if (query.after) checkAfter(model, query, query.after.values);
  if (!Number.isSafeInteger(query.limit) || query.limit < 1) throw new TypeError(`limit must be 1 or more, not ${query.limit}`);
}

/** Throws a TypeError for what `checkFind` refuses in a query that finds what is to be counted. */
export function checkCount(model: ModelSpec, { where, most }: Count): void {
  checkFind(model, { where, sort: [], limit: most });
}

function checkCondition({ field, op, value }: Condition, kind: FieldKind): void {
  if (op === 'prefix' && kind !== 'texts') throw new TypeError(`prefix needs a field of texts, and ${field} is none`);
  if (op === 'eq' && value === null && kind !== 'texts') return;
  const values = op === 'in' ? value : [value];
  if (!values.every((one) => isOfKind(one, kind))) throw new TypeError(`condition on ${field} must name a ${kind}: ${JSON.stringify(value)}`);
}

function checkAfter(model: ModelSpec, query: Find, values: Scalar[]): void {
  if (values.length !== query.sort.length) throw new TypeError(`after needs ${query.sort.length} values, not ${values.length}`);
  for (const [index, { field }] of query.sort.entries()) {
    const value = values[index];
    if (value !== null && !isOfKind(value, kindOf(model, field))) throw new TypeError(`after has a value of another kind for ${field}`);
  }
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  return kind === 'number' ? Number.isFinite(value) : typeof value === 'string';
}
