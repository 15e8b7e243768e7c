/**
 * Work that outlives the request that began it: whoever asks for the same again joins it. A proxy ends a request that says nothing for a minute or two,
 * and a file of several gigabytes takes longer to read.
 *
 *     const underWay = openUnderWay<Answer>();
 *     const answer = await underWay.join({ key: ticket, owner: user }, () => received(file), 20_000);
 *     if (!answer) return askAgainLater();
 */
import { ProblemError } from '../../../contracts/problem.ts';

export interface UnderWay<T> {
  /**
   * Begins the work of a key, or joins the one that is under way. Resolves to its outcome, or to undefined where that is not there within so many
   * milliseconds; who asks again then gets it. Errors: that of the work, told once at least; those of `expectRoom`, where it would begin.
   */
  join(of: { key: string; owner: string }, work: () => Promise<T>, within: number): Promise<T | undefined>;
  /** Error: ProblemError `limited` or `unavailable`, with Retry-After, where as much is under way as may be, of this owner or of all. */
  expectRoom(owner: string): void;
  /** True where the work of a key is under way, or its outcome was not heard yet. */
  has(key: string): boolean;
}

/** Milliseconds for which an outcome that nobody has heard is kept. */
const KEPT_MS = 10 * 60_000;

/** The most work that is under way at once: no request's place bounds it, since it outlives them, and each has a file on the disk. */
const MOST = 16;
const MOST_OF_ONE = 4;
const LATER = { headers: { 'Retry-After': '3' } };

/** Opens it with no work. */
export function openUnderWay<T>(): UnderWay<T> {
  const works = new Map<string, Promise<T>>();
  /** The owners of what is not done yet, one for each. */
  const owners: string[] = [];

  function expectRoom(owner: string): void {
    if (owners.filter((one) => one === owner).length >= MOST_OF_ONE)
      throw new ProblemError('limited', `At most ${MOST_OF_ONE} of your posted files are read at once. Try again.`, LATER);
    if (owners.length >= MOST) throw new ProblemError('unavailable', 'Too many posted files are being read. Try again.', LATER);
  }

  function begin(key: string, owner: string, work: () => Promise<T>): Promise<T> {
    expectRoom(owner);
    owners.push(owner);
    const begun = work();
    works.set(key, begun);
    const forget = () => works.get(key) === begun && works.delete(key);
    const settled = () => {
      owners.splice(owners.indexOf(owner), 1);
      setTimeout(forget, KEPT_MS).unref();
    };
    begun.then(settled, settled);
    return begun;
  }

  return {
    expectRoom,
    has: (key) => works.has(key),
    join: async ({ key, owner }, work, within) => {
      const one = works.get(key) ?? begin(key, owner, work);
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
