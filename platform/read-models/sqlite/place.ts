/** What a generation's tables and columns are called. */
import type { FieldKind } from '../read-models.ts';

/** Where a generation is kept: its table's name, and the fields that have columns or tables of their own. */
export interface Place {
  table: string;
  fields: Record<string, FieldKind>;
}

/** `task_list_3` → `"task_list_3"`; with a field, the table of its texts: `"task_list_3.labels"`. */
export function quoted(table: string, field?: string): string {
  return field ? `"${table}.${field}"` : `"${table}"`;
}

/** The column of a `text` or `number` field. */
export function column(field: string): string {
  return `"f_${field}"`;
}

export function scalarFields({ fields }: Place): [string, 'text' | 'number'][] {
  return Object.entries(fields).flatMap(([field, kind]) => (kind === 'texts' ? [] : [[field, kind]]));
}

export function textsFields({ fields }: Place): string[] {
  return Object.keys(fields).filter((field) => fields[field] === 'texts');
}
