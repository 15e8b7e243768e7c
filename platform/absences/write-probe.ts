/**
 * Whether what a process depends on takes anything now. Reading it does not tell: a disk is full, or a user may only read. So it is tried, when somebody asks,
 * and a success counts for some seconds.
 *
 *     const check = writeProbe(() => secrets.put('codes', record));
 *     await check();
 */
export interface WriteProbeOptions {
  /** Milliseconds for which a success counts, default 5,000; and between two tries while nothing is taken, default 1,000. */
  fresh?: number;
  pause?: number;
}

/** Makes the check of a write that may be repeated: it resolves while the write succeeds, and rejects with what it failed with. One is under way at a time. */
export function writeProbe(write: () => Promise<unknown>, { fresh = 5_000, pause = 1_000 }: WriteProbeOptions = {}): () => Promise<void> {
  /** The times of the last success and of the last try's beginning, on the monotonic clock. */
  let goodAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failing: Error | undefined;
  let trying: Promise<void> | undefined;

  async function attempt(): Promise<void> {
    triedAt = performance.now();
    try {
      await write();
      goodAt = performance.now();
      failing = undefined;
    } catch (error) {
      failing = error as Error;
      throw error;
    } finally {
      trying = undefined;
    }
  }

  return async () => {
    const now = performance.now();
    if (!failing && now - goodAt <= fresh) return;
    // While nothing is taken, nobody waits for a try that may stand still as well.
    if (failing && (trying || now - triedAt < pause)) throw failing;
    trying ??= attempt();
    await trying;
  };
}
