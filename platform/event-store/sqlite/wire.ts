/** Appends on their way to the writer's thread, and results on their way back: a group is one text, which crosses much faster than objects. */

/** An event as it crosses: plain text without NUL. */
export interface WireEvent {
  id: string;
  type: string;
  /** JSON. */
  data: string;
  metadata: string;
}

export interface WireAppend {
  stream: string;
  expected: number;
  /** Number of the stream's last events that stay; 0: all. */
  keep: number;
  /** Milliseconds since 1970, one for each event; default: now. */
  times?: readonly number[];
  events: WireEvent[];
}

/** The outcome of an append: where it was recorded, or the `actual` revision where another one was expected. */
export type WireResult = { revision: number; position: number } | { actual: number };

/** The text between two fields: JSON has no NUL in it, and names with one are refused (`isPlain`). */
const SEPARATOR = '\0';

/** True for a name that crosses, and is stored, as it is. */
export function isPlain(name: string): boolean {
  return !name.includes(SEPARATOR) && name.isWellFormed();
}

export function packGroup(appends: readonly WireAppend[]): string {
  const fields: (string | number)[] = [];
  for (const { stream, expected, keep, times = [], events } of appends) {
    fields.push(stream, expected, keep, times.join(), events.length);
    for (const { id, type, data, metadata } of events) fields.push(id, type, data, metadata);
  }
  return fields.join(SEPARATOR);
}

export function unpackGroup(text: string): WireAppend[] {
  const fields = text.split(SEPARATOR);
  const appends: WireAppend[] = [];
  let at = 0;
  const next = () => fields[at++] as string;
  while (at < fields.length) {
    const append: WireAppend = { stream: next(), expected: Number(next()), keep: Number(next()), times: numbers(next()), events: [] };
    for (let left = Number(next()); left > 0; left--) append.events.push({ id: next(), type: next(), data: next(), metadata: next() });
    appends.push(append);
  }
  return appends;
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}

/** Results as two numbers each: revision and position, or the actual revision and -1. */
export function packResults(results: readonly WireResult[]): number[] {
  return results.flatMap((result) => ('actual' in result ? [result.actual, -1] : [result.revision, result.position]));
}

/** The result at `index`. */
export function unpackResult(packed: readonly number[], index: number): WireResult {
  const [revision, position] = [packed[index * 2] as number, packed[index * 2 + 1] as number];
  return position < 0 ? { actual: revision } : { revision, position };
}
