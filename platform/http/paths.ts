/** The paths of rows: which row's path a request's is. A segment that is named wins over a parameter in its place, whatever method is asked for. */
import type { RouteRow } from './route.ts';

/** The methods that rows have, and what is answered of every path. */
export const ALL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

type PathRow = Pick<RouteRow, 'method' | 'path'>;

/** The rows so that of those that fit a path the first is the one that is meant. */
export function namedFirst<Row extends PathRow>(rows: readonly Row[]): Row[] {
  return rows.toSorted((one, other) => compare(shapeOf(one.path), shapeOf(other.path)));
}

/** Makes the function that finds the methods of the rows whose path a request's path is; none where there is no such row. A GET row takes HEAD, too. */
export function methodsByPath(rows: readonly PathRow[]): (path: string) => readonly string[] {
  const bySize = new Map<number, { parts: string[]; methods: string[] }[]>();
  for (const [shape, methods] of methodsByShape(rows)) {
    const parts = shape.split('/');
    bySize.set(parts.length, [...(bySize.get(parts.length) ?? []), { parts, methods }]);
  }
  return (path) => {
    const parts = withoutLastSlash(path).split('/');
    return bySize.get(parts.length)?.find((one) => fits(one.parts, parts))?.methods ?? [];
  };
}

/** A path without the one slash that a client may put behind it. */
export function withoutLastSlash(path: string): string {
  return /[^/]\/$/.test(path) ? path.slice(0, -1) : path;
}

function methodsByShape(rows: readonly PathRow[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { method, path } of namedFirst(rows)) {
    const shape = shapeOf(path);
    const methods = found.get(shape) ?? [];
    if (!methods.includes(method)) methods.push(...(method === 'GET' ? ['GET', 'HEAD'] : [method]));
    found.set(shape, methods);
  }
  return found;
}

/** `~` is after all that a name may have. */
const PARAMETER = '~';

function shapeOf(path: string): string {
  return path.replaceAll(/:\w+/g, PARAMETER);
}

const compare = (one: string, other: string) => Number(one > other) - Number(one < other);

function fits(shape: readonly string[], parts: readonly string[]): boolean {
  return shape.every((part, index) => (part === PARAMETER ? parts[index] !== '' : part === parts[index]));
}
