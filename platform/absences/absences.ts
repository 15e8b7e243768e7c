/**
 * The absences of what a process depends on: one line when it goes, a count while it is away, one line when it is back. Whoever meets such an
 * error asks here before logging it, so that an outage of minutes is two lines, however many requests and followers it fails.
 *
 *     if (!absencesIn(log).failed(error)) log.warn({ err: error }, 'it failed');
 */
import { type Unavailable, unavailableIn } from './unavailable.ts';

export interface AbsencesLog {
  info?(data: object, message: string): void;
  warn(data: object, message: string): void;
  error?(data: object, message: string): void;
}

export interface Absences {
  /** Counts an error that is an Unavailable, or that one caused, once however often it is told; false for any other, which is the caller's to log. */
  failed(error: unknown): boolean;
  /** Counts an error as `failed` does, as a half of a dependency that is away until `ends`, whatever its other half answers. `words`: the line's. */
  begins(error: Unavailable, words: string): void;
  /** Notes that the half is back. */
  ends(dependency: string): void;
  /** Notes that a dependency, by its name, did what it was asked for. */
  answered(dependency: string): void;
  /** The failures since the process began, by dependency. */
  failures(): Record<string, number>;
}

/** Milliseconds without a failure after which an answer means that a dependency is back: one that does half of its work is away still. */
const QUIET = 1_000;

const registers = new WeakMap<AbsencesLog, Absences>();

/** The absences that are told in this log: one register for a log, and so for a process. */
export function absencesIn(log: AbsencesLog): Absences {
  const known = registers.get(log) ?? openAbsences(log);
  registers.set(log, known);
  return known;
}

interface Absence {
  since: number;
  failures: number;
  /** True from `begins` to `ends`. */
  lasts: boolean;
  /** Runs from an answer on, until a failure. */
  returning?: NodeJS.Timeout | undefined;
}

function openAbsences(log: AbsencesLog): Absences {
  const away = new Map<string, Absence>();
  const all = new Map<string, number>();
  const counted = new WeakSet<Unavailable>();

  function count({ dependency, message }: Unavailable, words = `${dependency} cannot be used: ${message}`): Absence {
    all.set(dependency, (all.get(dependency) ?? 0) + 1);
    const absence = away.get(dependency) ?? begin({ dependency, reason: message }, words);
    absence.failures++;
    clearTimeout(absence.returning);
    absence.returning = undefined;
    return absence;
  }

  function begin(about: { dependency: string; reason: string }, words: string): Absence {
    const absence = { since: performance.now(), failures: 0, lasts: false };
    away.set(about.dependency, absence);
    const line = [about, words] as const;
    if (log.error) log.error(...line);
    else log.warn(...line);
    return absence;
  }

  function end(dependency: string, { since, failures }: Absence): void {
    away.delete(dependency);
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    log.info?.({ dependency, failures, seconds }, `${dependency} can be used again, after ${seconds} s and ${failures} failures`);
  }

  function answered(dependency: string): void {
    const absence = away.get(dependency);
    if (absence && !absence.lasts) absence.returning ??= setTimeout(() => end(dependency, absence), QUIET).unref();
  }

  return {
    begins: (error, words) => {
      counted.add(error);
      count(error, words).lasts = true;
    },
    ends: (dependency) => {
      const absence = away.get(dependency);
      if (absence) absence.lasts = false;
      answered(dependency);
    },
    failed: (error) => {
      const found = unavailableIn(error);
      if (!found) return false;
      if (!counted.has(found)) count(found);
      counted.add(found);
      return true;
    },
    answered,
    failures: () => Object.fromEntries(all),
  };
}
