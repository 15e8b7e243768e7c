/**
 * The pace of a route: how many of its requests are worth having at work at once, learned from how long they take.
 *
 * In each look, the time that the fastest quarter took tells a crowd from some slow ones. Where that is over the target, the route gets as many
 * places as it completes within the target (Little's law); where it is well below, more, as long as somebody waits for one. The target is half of
 * what a person waits gladly, or about twice what the route takes while next to nothing else is at work: what is slow by nature is not crowded.
 */
export interface RoutePace {
  /** Requests that may be at work. */
  limit(): number;
  /** Notes that a request had to wait for its place. */
  waited(): void;
  /** Notes that a request has begun; answers what notes that it is over after so many milliseconds; `isAnswer`: false where the server failed. */
  begin(): (took: number, isAnswer: boolean) => void;
  /** Requests that were over, per millisecond of the last look. */
  rate(): number;
}

export interface PaceOptions {
  /** The monotonic clock, in milliseconds. */
  clock(): number;
  /** True while so little is at work in the process that nothing waits for anything else. */
  isQuiet(): boolean;
}

/** Milliseconds that a request may take at work before its route counts as crowded. */
const TARGET = 250;
/** Milliseconds by which that may be more for a route that is slow by nature. */
const MORE = 500;
/** Places of a route of which nothing is known yet; those that a crowded one keeps; and the most. */
const AT_FIRST = 64;
const LEAST = 1;
const MOST = 2_000;
/** A look at a route ends after so many milliseconds, if so many requests were over meanwhile; else later. */
const LOOK = 250;
const ENOUGH = 8;
const LONG_LOOK = 1_000;
const FASTEST = 0.25;
/** What is left of the best rate after each LOOK: half of it after four seconds or so. */
const FADES = 0.96;
/** So many times what a route takes alone is as good as that. */
const AS_ALONE = 1.25;

export function openPace({ clock, isQuiet }: PaceOptions): RoutePace {
  let places = AT_FIRST;
  let working = 0;
  /** Milliseconds that the route took when it was last alone. */
  let alone = 0;
  let rate = 0;
  /** The best rate of late: what a route that was made small by mistake is given back. */
  let best = 0;
  let since = clock();
  let took: number[] = [];
  /** Those of them that tell how long the route takes alone. */
  let alonePart = 0;
  let wasQuiet = isQuiet();
  let hadToWait = false;

  const target = () => Math.max(TARGET, Math.min(2 * alone, alone + MORE));

  function look(): void {
    const length = clock() - since;
    if (length < (took.length < ENOUGH ? LONG_LOOK : LOOK)) return;
    rate = took.length / length;
    best = Math.max(rate, best * FADES ** (length / LOOK));
    if (took.length > 0) learn(fastOf(took));
    else probe();
    since = clock();
    took = [];
    alonePart = 0;
    wasQuiet = isQuiet();
    hadToWait = false;
  }

  /** After a look in which nothing was over: one request more finds out whether that is still so, however long those at work are kept. */
  function probe(): void {
    if (hadToWait) places = Math.min(Math.max(places, working + 1), MOST);
  }

  function learn(fast: number): void {
    if (wasQuiet && alonePart === took.length) alone = fast;
    if (fast > target()) places = Math.min(places, Math.max(LEAST, Math.ceil(best * target())));
    else if (fast < Math.max(TARGET / 2, alone * AS_ALONE)) grow();
  }

  /** More places, twice as many at most, where somebody wants one and it is worth having: what they are asked for takes a while to show. */
  function grow(): void {
    const wanted = hadToWait ? Math.min(Math.ceil(rate * target()), MOST) : AT_FIRST;
    places = Math.max(places, Math.min(2 * places, wanted));
  }

  return {
    limit: () => {
      look();
      return places;
    },
    waited: () => {
      hadToWait = true;
    },
    begin: () => {
      working++;
      const beganAlone = isQuiet();
      wasQuiet &&= beganAlone;
      return (milliseconds, isAnswer) => {
        working--;
        took.push(milliseconds);
        if (isAnswer && beganAlone) alonePart++;
        look();
      };
    },
    rate: () => rate,
  };
}

const fastOf = (took: readonly number[]) => took.toSorted((a, b) => a - b)[Math.floor((took.length - 1) * FASTEST)] ?? 0;
