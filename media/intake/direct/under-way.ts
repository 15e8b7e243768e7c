/**
 * Work that outlives the request that began it: whoever asks for the same again joins it. A proxy ends a request that says nothing for a minute or two,
 * and a file of several gigabytes takes longer to read.
 *
 *     const underWay = openUnderWay<Answer>();
 *     const answer = await underWay.join(ticket, () => received(file), 20_000);
 *     if (!answer) return askAgainLater();
 */
export interface UnderWay<T> {
  /**
   * Begins the work of a key, or joins the one that is under way. Resolves to its outcome, or to undefined where that is not there within so many
   * milliseconds; who asks again then gets it. Error: that of the work, told once at least.
   */
  join(key: string, work: () => Promise<T>, within: number): Promise<T | undefined>;
  /** True where the work of a key is under way, or its outcome was not heard yet. */
  has(key: string): boolean;
}

/** Milliseconds for which an outcome that nobody has heard is kept. */
const KEPT_MS = 10 * 60_000;

/** Opens it with no work. */
export function openUnderWay<T>(): UnderWay<T> {
  const works = new Map<string, Promise<T>>();

  function begin(key: string, work: () => Promise<T>): Promise<T> {
    const begun = work();
    works.set(key, begun);
    const forget = () => works.get(key) === begun && works.delete(key);
    const settled = () => setTimeout(forget, KEPT_MS).unref();
    begun.then(settled, settled);
    return begun;
  }

  return {
    has: (key) => works.has(key),
    join: async (key, work, within) => {
      const one = works.get(key) ?? begin(key, work);
      const { promise: late, resolve } = Promise.withResolvers<'late'>();
      const timer = setTimeout(() => resolve('late'), within);
      try {
        const outcome = await Promise.race([one.then((it) => ({ it })), late]);
        if (outcome === 'late') return undefined;
        works.delete(key);
        return outcome.it;
      } catch (error) {
        works.delete(key);
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
