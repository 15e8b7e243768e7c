/** Values at paths of data: read, taken out of a copy, put into one. */

type Data = Readonly<Record<string, unknown>>;

/** The value at a path; undefined where there is none. */
export function valueAt(data: unknown, path: readonly string[]): unknown {
  let at = data;
  for (const name of path) at = (at as Data | null | undefined)?.[name];
  return at;
}

/** A copy without the values at these paths; the rest is the same objects. */
export function withoutValues(data: Data, paths: readonly (readonly string[])[]): Record<string, unknown> {
  const left: Record<string, unknown> = {};
  for (const name of Object.keys(data)) {
    const its = paths.filter(([first]) => first === name);
    if (its.length === 0) left[name] = data[name];
    else if (its.every(({ length }) => length > 1)) left[name] = withoutValues(data[name] as Data, rests(its));
  }
  return left;
}

const rests = (paths: readonly (readonly string[])[]) => paths.map(([, ...rest]) => rest);

/** Puts a value at a path of an object of one's own; what it leads through is copied. */
export function putValue(data: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    data[name] = value;
    return;
  }
  const within = { ...(data[name] as Data | undefined) };
  data[name] = within;
  putValue(within, rest, value);
}
