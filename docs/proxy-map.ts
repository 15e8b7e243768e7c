/** The map of servers/proxy.conf.template: which part answers what, a line for each path of a part. */
import type { Part } from '../app/parts.ts';
import { ROWS } from '../app/rows.ts';
import type { RouteRow } from '../platform/http/route.ts';

/** The part of a row that the map needs. */
export type MappedRows = Readonly<Partial<Record<Part, readonly Pick<RouteRow, 'method' | 'path'>[]>>>;

/** In the order they have in a line. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * The lines in nginx's syntax. It takes the first that fits: what is named stands before a parameter in its place, with a line for the methods that it
 * does not have, which the gateway answers.
 */
export function proxyMap(rows: MappedRows = ROWS): string {
  const methods = new Map<string, Set<string>>();
  for (const [part, ofPart] of Object.entries(rows)) {
    for (const { method, path } of ofPart) {
      // `~` is after all that a name may have.
      const key = `${path.replaceAll(/:\w+/g, '~')} ${part}`;
      methods.set(key, (methods.get(key) ?? new Set()).add(method));
    }
  }
  for (const key of shadowing([...methods.keys()].map((one) => one.split(' ')[0] ?? ''))) methods.set(`${key} ${ANY_PART}`, new Set());
  const sorted = [...methods].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([key, taken]) => line(key, taken)).join('\n');
}

/** Sorts behind the names of the parts. */
const ANY_PART = '~';

/** The paths with a name where another one has a parameter. */
function shadowing(paths: readonly string[]): Set<string> {
  const fits = (general: string[], named: string[]) =>
    general.length === named.length && general.every((part, n) => part === '~' || part === named[n]);
  return new Set(paths.filter((path) => paths.some((other) => other !== path && fits(other.split('/'), path.split('/')))));
}

function line(key: string, taken: ReadonlySet<string>): string {
  const [path = '', part = ''] = key.split(' ');
  if (part === ANY_PART) return `    "~^[^ ]+ ${patternOf(path)}/?(\\?|$)" gateway;`;
  const methods = METHODS.filter((method) => taken.has(method) || (method === 'HEAD' && taken.has('GET')));
  return `    "~^${methods.length === 1 ? methods[0] : `(${methods.join('|')})`} ${patternOf(path)}/?(\\?|$)" ${part.replace('-', '_')};`;
}

function patternOf(path: string): string {
  return path
    .replaceAll(/[^\w/~-]/g, '\\$&')
    .replaceAll('~', '[^/?]+')
    .replace(/^\/api\//, '/api/(v1/)?')
    .replace(/\/$/, '');
}
