/** Runs the work given to it, some pieces at once, the rest in the order given; answers with the work's outcome. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * Makes a gate through which at most `most` pieces of work go at once.
 *
 *     const four = gate(4);
 *     const answers = await Promise.all(questions.map((question) => four(() => ask(question))));
 */
export function gate(most: number): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;

  async function enter(): Promise<void> {
    if (inside < most) inside++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  }

  /** Lets the next one in, in the place of the one that leaves. */
  function leave(): void {
    const next = waiting.shift();
    if (next) next();
    else inside--;
  }

  return async (work) => {
    await enter();
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
