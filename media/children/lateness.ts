/** When a child has taken too long: by what it has computed, where the system tells that, since on a busy machine it gets no processor for a while. */
import { readFileSync } from 'node:fs';

export interface Lateness {
  /** Milliseconds of computing; by the clock, where the system tells of no computing. */
  within: number;
  /** Milliseconds by the clock, of a child that has not computed so much. */
  patience: number;
}

/** What watches over one question. */
export interface LateWatch {
  /** The child has done something: it has all of its time again. */
  again(): void;
  stop(): void;
}

/** Milliseconds that a process has computed so far, in steps of ten; undefined where the system does not tell. */
export function computedBy(pid: number | undefined): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name, and may have blanks in it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return undefined;
  }
}

/** Calls `late` once where a child has taken too long; `starved`: it has computed less than it might have. */
export function watchLateness(pid: number | undefined, { within, patience }: Lateness, late: (starved: boolean) => void): LateWatch {
  let timer: NodeJS.Timeout | undefined;
  let began = 0;
  let before: number | undefined;

  function look(): void {
    const now = computedBy(pid);
    const left = now === undefined || before === undefined ? 0 : within - (now - before);
    const leftByClock = patience - (performance.now() - began);
    if (left > 0 && leftByClock > 0) timer = setTimeout(look, Math.min(left, leftByClock));
    else late(left > 0);
  }
  const again = () => {
    clearTimeout(timer);
    began = performance.now();
    before = computedBy(pid);
    timer = setTimeout(look, within);
  };
  again();
  return { again, stop: () => clearTimeout(timer) };
}
