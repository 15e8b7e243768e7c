/** Tables of docs/PARTS.md. */
import { ALL_PARTS, type Need, PARTS, type Part } from '../app/parts.ts';
import { ROWS, ROWS_OF_EVERY_PROCESS, rowName } from '../app/rows.ts';
import type { RouteRow } from '../platform/http/route.ts';
import { table } from './table.ts';

/** The table of the rows that each part answers. */
export function pathsTable(): string {
  return table(['part', 'answers'], [...ALL_PARTS.map((part) => [part, answers(part)]), ['each for itself', named(ROWS_OF_EVERY_PROCESS)]]);
}

function answers(part: Part): string {
  if (part === 'realtime') return '`GET /socket.io/` (and all below it, with any method; websockets)';
  return ROWS[part].length > 0 ? named(ROWS[part]) : 'nothing but its health';
}

function named(rows: readonly RouteRow[]): string {
  return rows.map((row) => `\`${rowName(row)}\``).join(' ');
}

const NEEDS: Readonly<Record<Need, string>> = {
  store: 'event store',
  sealedLog: 'log as it is',
  personKeys: 'keys of persons',
  bus: 'bus',
  readModels: 'read models',
  secrets: 'secrets',
  cache: 'cache',
  mailer: 'mail',
  texter: 'SMS',
  files: 'files',
  pages: 'pages',
};

/** The table of what each part opens. */
export function needsTable(): string {
  const needs = Object.keys(NEEDS) as Need[];
  const cells = (part: Part) => needs.map((need) => ((PARTS[part] as readonly Need[]).includes(need) ? '●' : ''));
  return table(
    ['part', ...Object.values(NEEDS)],
    ALL_PARTS.map((part) => [part, ...cells(part)]),
  );
}
