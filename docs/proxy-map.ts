/** The map of servers/proxy.conf.template: which part answers what, a line for each path of a part. */
import type { Part } from '../app/parts.ts';
import { ROWS } from '../app/rows.ts';
import type { RouteRow } from '../platform/http/route.ts';

/** The part of a row that the map needs. */
export type MappedRows = Readonly<Partial<Record<Part, readonly Pick<RouteRow, 'method' | 'path'>[]>>>;

/** In the order they have in a line. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The lines in nginx's syntax. It takes the first that fits: what is named stands before a parameter in its place. */
export function proxyMap(rows: MappedRows = ROWS): string {
  const methods = new Map<string, Set<string>>();
  for (const [part, ofPart] of Object.entries(rows)) {
    for (const { method, path } of ofPart) {
      // `~` is after all that a name may have.
      const key = `${path.replaceAll(/:\w+/g, '~')} ${part}`;
      methods.set(key, (methods.get(key) ?? new Set()).add(method));
    }
  }
  const sorted = [...methods].sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([key, taken]) => line(key, taken)).join('\n');
}

function line(key: string, taken: ReadonlySet<string>): string {
  const [path = '', part = ''] = key.split(' ');
  const methods = METHODS.filter((method) => taken.has(method) || (method === 'HEAD' && taken.has('GET')));
  const pattern = path
    .replaceAll(/[^\w/~-]/g, '\\$&')
    .replaceAll('~', '[^/?]+')
    .replace(/^\/api\//, '/api/(v1/)?')
    .replace(/\/$/, '');
  return `    "~^${methods.length === 1 ? methods[0] : `(${methods.join('|')})`} ${pattern}/?(\\?|$)" ${part.replace('-', '_')};`;
}
