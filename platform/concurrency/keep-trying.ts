/** Work that never gives up: after any error, or when it just ends, it is begun again with backoff, until its signal aborts. */
import { absencesIn } from '../absences/absences.ts';
import { pauseAbout } from './pause-about.ts';

export interface Trying {
  /** The work's name in logs. */
  name: string;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
  /** Ends the trying. */
  signal: AbortSignal;
  /** Milliseconds before the second attempt; doubled each time up to fifty times as much, less a random part of up to a half. Default 100. */
  backoff?: number;
}

/**
 * Resolves once the signal has aborted and the attempt at hand has ended; never rejects. An attempt calls `well` whenever it gets on:
 * the backoff then begins anew. An error that repeats the one before is not logged, nor is the absence of what a port stands on, which is told once.
 */
export async function keepTrying({ name, log, signal, backoff = 100 }: Trying, attempt: (well: () => void) => Promise<void>): Promise<void> {
  let failures = 0;
  let said: string | undefined;

  const well = () => {
    if (said !== undefined) log.info({ name, failures }, `${name} goes on`);
    failures = 0;
    said = undefined;
  };

  function say(error: unknown): void {
    const text = String(error);
    if (signal.aborted || absencesIn(log).failed(error) || text === said) return;
    said = text;
    log.warn({ name, err: error }, `${name} failed and begins again`);
  }

  while (!signal.aborted) {
    try {
      await attempt(well);
    } catch (error) {
      say(error);
    }
    const wait = Math.min(backoff * 2 ** failures, backoff * 50);
    failures++;
    if (!signal.aborted) await pauseAbout(wait, signal);
  }
}
