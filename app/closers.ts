/** The opened things of a process, with the ways to close them: the last opened is closed first. */
export interface Closers {
  /** Remembers how to close a thing that was just opened; returns the thing. */
  add<T>(opened: T, close: (it: T) => unknown): T;
  /** The same for a thing with its own `close`, as ports have. */
  closing<T extends { close(): unknown }>(opened: T): T;
  /** Closes everything. An error keeps nothing else open; the first one rejects at the end. */
  closeAll(): Promise<void>;
  /** Milliseconds since `closeAll` was called; 0 before. */
  since(): number;
}

/**
 * Makes an empty list. Each thing is added as soon as it is open, so that it is closed also where the next one fails to open.
 *
 *     const store = closers.closing(await openEventStore(url, options));
 */
export function openClosers(): Closers {
  const closers: (() => unknown)[] = [];
  let began: number | undefined;
  const add: Closers['add'] = (opened, close) => {
    closers.push(() => close(opened));
    return opened;
  };
  return {
    add,
    closing: (opened) => add(opened, (it) => it.close()),
    since: () => (began === undefined ? 0 : performance.now() - began),
    closeAll: async () => {
      began ??= performance.now();
      const errors: unknown[] = [];
      for (const close of closers.reverse().splice(0)) await (async () => close())().catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
}
