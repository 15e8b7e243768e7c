/** The names of a generation's tables and columns. */
import type { FieldKind } from '../read-models.ts';

/** The place of a generation: its table's name, and the fields that have columns or tables of their own. */
export interface Place {
  table: string;
  fields: Record<string, FieldKind>;
}

/** The name of a table in SQL, `"task_list_3"`; with a field, that of the table of its texts, `"task_list_3.labels"`. */
export function quoted(table: string, field?: string): string {
  return field ? `"${table}.${field}"` : `"${table}"`;
}

/** The name in SQL of the column of a `text` or `number` field. */
export function column(field: string): string {
  return `"f_${field}"`;
}

export function scalarFields({ fields }: Place): [string, 'text' | 'number'][] {
  return Object.entries(fields).flatMap(([field, kind]) => (kind === 'texts' ? [] : [[field, kind]]));
}

export function textsFields({ fields }: Place): string[] {
  return Object.keys(fields).filter((field) => fields[field] === 'texts');
}
