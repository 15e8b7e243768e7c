/**
 * Makes a function that many may call at once: those who call while the work runs share the next run, which begins when that one has ended. So whoever is
 * answered knows that a whole run began after they asked, and a hundred callers cost two runs.
 */
export function joinedRuns<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function run(): Promise<T> {
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  }

  return () => {
    if (!running) return run();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return run();
      });
    return next;
  };
}
