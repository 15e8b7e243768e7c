/**
 * Turns at work that costs a lot, shared out among those who ask: so many run at once, and who asks most waits longest. Those who are known have
 * a queue of their own, so that no crowd of strangers keeps them waiting.
 *
 *     const inTurn = openFairTurns({ running: 2, waiting: 64 });
 *     await inTurn({ key: networkOf(ip), known: false }, () => hash(password));
 */
import { ProblemError } from '../../contracts/problem.ts';

/** The one for whom work is done: a network, or whoever is known. */
export interface Asker {
  key: string;
  /** True for a device or network from which its account was in before. */
  known: boolean;
}

/** The asker of work of which nobody says for whom it is. */
const NOBODY_NAMED: Asker = { key: '', known: false };

export type FairTurns = <T>(asker: Asker | undefined, work: () => Promise<T>) => Promise<T>;

/** So many times as many may wait who are known: they come back for good, and each has a place. */
const FOR_KNOWN = 16;

/**
 * Opens the turns. `waiting` strangers may wait, and FOR_KNOWN times as many who are known; one more is refused: `limited`, and `unavailable` where no
 * asker was named.
 */
export function openFairTurns({ running, waiting }: { running: number; waiting: number }): FairTurns {
  const queues = { known: fairQueue(waiting * FOR_KNOWN), strange: fairQueue(waiting) };
  let free = running;
  let knownNext = true;

  /** The next in turn, from both queues alternately. */
  function next(): Waiting | undefined {
    knownNext = !knownNext;
    const [first, second] = knownNext ? [queues.strange, queues.known] : [queues.known, queues.strange];
    return first.take() ?? second.take();
  }

  return async (asker = NOBODY_NAMED, work) => {
    if (free > 0) free--;
    else
      await new Promise<void>((begin, refuse) => {
        queues[asker.known ? 'known' : 'strange'].add(asker.key, { begin, refuse: () => refuse(refusal(asker)) });
      });
    try {
      return await work();
    } finally {
      const one = next();
      if (one) one.begin();
      else free++;
    }
  };
}

function refusal(asker: Asker): ProblemError {
  const code = asker === NOBODY_NAMED ? 'unavailable' : 'limited';
  return new ProblemError(code, 'Too many passwords are being checked. Try again.', { headers: { 'Retry-After': '2' } });
}

interface Waiting {
  begin(): void;
  refuse(): void;
}

/** A queue of at most `most`, which gives each key its turn in a circle. Where it is full, the key with most in it gives way to one with fewer. */
function fairQueue(most: number) {
  const byKey = new Map<string, Waiting[]>();
  let size = 0;

  function longest(): Waiting[] {
    let found: Waiting[] = [];
    for (const one of byKey.values()) if (one.length > found.length) found = one;
    return found;
  }

  return {
    add(key: string, one: Waiting): void {
      const mine = byKey.get(key) ?? [];
      if (size >= most) {
        const crowd = longest();
        if (crowd.length <= mine.length + 1) {
          one.refuse();
          return;
        }
        crowd.pop()?.refuse();
        size--;
      }
      size++;
      mine.push(one);
      byKey.set(key, mine);
    },
    take(): Waiting | undefined {
      const [first] = byKey;
      if (!first) return undefined;
      const [key, mine] = first;
      const one = mine.shift();
      size--;
      byKey.delete(key);
      if (mine.length > 0) byKey.set(key, mine);
      return one;
    },
  };
}
