/** What was opened, and how to let go of it: the last opened first. */
export interface Closers {
  /** Remembers how to close what was just opened; answers it. */
  add<T>(opened: T, close: (it: T) => unknown): T;
  /** The same for what has a `close` of its own, as ports do. */
  closing<T extends { close(): unknown }>(opened: T): T;
  /** Closes everything. What cannot be closed keeps nothing else open; rejects with the first such error at the end. */
  closeAll(): Promise<void>;
}

/**
 * Each thing is added as soon as it is open, so that it is closed also where the next one fails to open.
 *
 *     const store = closers.closing(await openEventStore(url, options));
 */
export function openClosers(): Closers {
  const closers: (() => unknown)[] = [];
  const add: Closers['add'] = (opened, close) => {
    closers.push(() => close(opened));
    return opened;
  };
  return {
    add,
    closing: (opened) => add(opened, (it) => it.close()),
    closeAll: async () => {
      const errors: unknown[] = [];
      for (const close of closers.reverse().splice(0)) await (async () => close())().catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
}
