/** What was opened, and how to let go of it: the last opened first. */
export interface Closers {
  /** Remembers how to close what was just opened; answers it. */
  add<T>(opened: T, close: (it: T) => unknown): T;
  /** Closes everything. What cannot be closed keeps nothing else open; rejects with the first such error at the end. */
  closeAll(): Promise<void>;
}

export function openClosers(): Closers {
  const closers: (() => unknown)[] = [];
  return {
    add: (opened, close) => {
      closers.push(() => close(opened));
      return opened;
    },
    closeAll: async () => {
      const errors: unknown[] = [];
      for (const close of closers.reverse().splice(0)) await (async () => close())().catch((error: unknown) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
}
