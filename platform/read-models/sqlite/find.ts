/** Queries as SQL. Names come from the spec (checked by checkSpec), values are always bound. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { checkCount, checkFind, kindOf } from '../fields.ts';
import { type Bound, endOfPrefix, idDescends, stretches } from '../keyset.ts';
import type { Condition, Count, Find, ModelSpec } from '../read-models.ts';
import { column, type Place, quoted } from './place.ts';

type Value = string | number;
type Row = Record<string, unknown>;

/** A piece of SQL with the values of its question marks, in order. */
interface Sql {
  text: string;
  values: Value[];
}

/** Rows of texts from which on a condition is looked up document by document; with fewer, the matching documents are listed first. */
const MANY = 5_000;
/** Statements that are kept prepared for a generation, at most. */
const STATEMENTS = 200;
const COMPARE = { eq: '=', gte: '>=', gt: '>', lte: '<=', lt: '<' } as const;

export interface SqliteFinder {
  /** The rows (id, position, document) of a query. */
  find(model: ModelSpec, query: Find): Row[];
  count(model: ModelSpec, query: Count): number;
}

/** Opens what answers queries on the table of a generation. */
export function openFinder(db: DatabaseSync, place: Place): SqliteFinder {
  const statements = new LRUCache<string, StatementSync>({ max: STATEMENTS });

  function all({ text, values }: Sql): Row[] {
    const statement = statements.get(text) ?? db.prepare(text);
    statements.set(text, statement);
    return statement.all(...values);
  }

  function condition(model: ModelSpec, one: Condition): Sql {
    if (kindOf(model, one.field) !== 'texts') return compared(scalar(place, one.field), one);
    const matching = compared('value', one);
    if (place.fields[one.field] !== 'texts') return inDocument(one.field, matching);
    const side = quoted(place.table, one.field);
    if (!isCommon(side, matching)) return { ...matching, text: `t.n IN (SELECT doc FROM ${side} WHERE ${matching.text})` };
    // The table is sorted by value first: one value of a document is found there at once, any of many is found faster in the document.
    if (one.op !== 'eq') return inDocument(one.field, matching);
    return { ...matching, text: `EXISTS (SELECT 1 FROM ${side} WHERE ${matching.text} AND doc = t.n)` };
  }

  /** True where many rows match, which decides between the two ways; SQLite cannot know, so rows are counted, up to MANY. */
  function isCommon(side: string, { text, values }: Sql): boolean {
    const [row] = all({ text: `SELECT count(*) AS matches FROM (SELECT 1 FROM ${side} WHERE ${text} LIMIT ${MANY})`, values });
    return row?.matches === MANY;
  }

  return {
    find: (model, query) => {
      checkFind(model, query);
      const conditions = query.where.map((one) => condition(model, one));
      const found: Row[] = [];
      for (const stretch of stretches(query)) {
        const bounds = stretch.map((bound) => boundSql(place, bound));
        found.push(...all(select(place, query, [...conditions, ...bounds], query.limit - found.length)));
        if (found.length >= query.limit) break;
      }
      return found;
    },

    count: (model, query) => {
      checkCount(model, query);
      const conditions = query.where.map((one) => condition(model, one));
      const [row] = all(counted(place, conditions, query.most));
      return Number(row?.matches ?? 0);
    },
  };
}

const LIVE = 't.document IS NOT NULL';

function counted(place: Place, conditions: Sql[], most: number): Sql {
  const where = [LIVE, ...conditions.map(({ text }) => text)];
  return {
    text: `SELECT count(*) AS matches FROM (SELECT 1 FROM ${quoted(place.table)} t WHERE ${where.join(' AND ')} LIMIT ?)`,
    values: [...conditions.flatMap(({ values }) => values), most],
  };
}

function select(place: Place, query: Find, conditions: Sql[], limit: number): Sql {
  const where = [LIVE, ...conditions.map(({ text }) => text)];
  const keys = query.sort.map(({ field, descending }) => `${scalar(place, field)} ${descending ? 'DESC' : 'ASC'}`);
  const order = [...keys, `t.id ${idDescends(query) ? 'DESC' : 'ASC'}`];
  return {
    text: `SELECT t.id, t.position, t.document FROM ${quoted(place.table)} t WHERE ${where.join(' AND ')} ORDER BY ${order.join(', ')} LIMIT ?`,
    values: [...conditions.flatMap(({ values }) => values), limit],
  };
}

/** The SQL of a field's value. A generation of an older projector has no column for a newer field, which is then read from the document. */
function scalar({ fields }: Place, field: string): string {
  const kind = Object.hasOwn(fields, field) ? fields[field] : 'texts';
  return kind === 'texts' ? `json_extract(t.document, '$.${field}')` : `t.${column(field)}`;
}

/** A condition on a field of texts, looked up in the document. */
function inDocument(field: string, matching: Sql): Sql {
  return { ...matching, text: `EXISTS (SELECT 1 FROM json_each(t.document, '$.${field}') WHERE ${matching.text})` };
}

/** A condition on the SQL expression `what`. */
function compared(what: string, { op, value }: Condition): Sql {
  if (value === null) return { text: `${what} IS NULL`, values: [] };
  if (op === 'in') return oneOf(what, value);
  if (op === 'prefix') return beginsWith(what, value);
  return { text: `${what} ${COMPARE[op]} ?`, values: [value] };
}

function oneOf(what: string, values: Value[]): Sql {
  const [only] = values;
  if (only !== undefined && values.length === 1) return { text: `${what} = ?`, values };
  return { text: `${what} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] };
}

function beginsWith(what: string, prefix: string): Sql {
  const end = endOfPrefix(prefix);
  return end === null ? { text: `${what} >= ?`, values: [prefix] } : { text: `${what} >= ? AND ${what} < ?`, values: [prefix, end] };
}

function boundSql(place: Place, bound: Bound): Sql {
  const what = bound.field === null ? 't.id' : scalar(place, bound.field);
  switch (bound.is) {
    case 'not null':
      return { text: `${what} IS NOT NULL`, values: [] };
    case 'after':
      return { text: `${what} ${bound.descending ? '<' : '>'} ?`, values: [bound.value] };
    case 'same':
      return bound.value === null ? { text: `${what} IS NULL`, values: [] } : { text: `${what} = ?`, values: [bound.value] };
  }
}
