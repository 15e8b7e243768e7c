/** Values at paths of data: read, taken out of a copy, put into one. */

type Data = Readonly<Record<string, unknown>>;

/** The value at a path; undefined where there is none. */
export function valueAt(data: unknown, path: readonly string[]): unknown {
  let at = data;
  for (const name of path) at = (at as Data | null | undefined)?.[name];
  return at;
}

/** A copy without the value at a path; the rest is the same objects. */
export function withoutValue(data: Data, [name = '', ...rest]: readonly string[]): Data {
  const { [name]: value, ...others } = data;
  return rest.length === 0 ? others : { ...others, [name]: withoutValue(value as Data, rest) };
}

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
