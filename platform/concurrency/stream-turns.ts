/** Turns for commands: on one stream they run one after the other within a process, so races are lost to other processes only. */

/** Makes a function that runs the work of each name one after the other; nothing is kept for a name without work. */
export function turns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return async (name, work) => {
    const before = last.get(name);
    const mine = before ? before.then(work, work) : work();
    last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (last.get(name) === mine) last.delete(name);
    }
  };
}
