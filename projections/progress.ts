/** Shows the progress of a rebuild: a bar on a terminal, a line every two seconds elsewhere. */
import type { RebuildProgress } from './rebuild.ts';

/** The place where progress is shown: a terminal, or anything else that takes text. */
export interface Screen {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

export interface ProgressShown {
  update(progress: RebuildProgress): void;
  /** Writes the last line: events, seconds, events a second. */
  done(result: { events: number; seconds: number }): void;
}

/** Milliseconds between two drawings of the bar, and between two lines. */
const REDRAW = 100;
const LINE = 2_000;
const WIDTH = 30;

/** Shows the progress of the rebuild of one read model. `now`: milliseconds, injected by tests. */
export function showProgress(name: string, screen: Screen = process.stdout, now: () => number = () => performance.now()): ProgressShown {
  const begun = now();
  const every = screen.isTTY ? REDRAW : LINE;
  let shown = begun;

  function text({ events, position, head }: RebuildProgress): string {
    const part = fraction(position, head);
    const done = `${number(events)} events, ${number(rate(events, (now() - begun) / 1_000))}/s`;
    if (part === undefined) return `${name}  ${done}`;
    const percent = `${Math.floor(part * 100)} %`;
    return screen.isTTY ? `${name}  ${bar(part)} ${percent.padStart(5)}  ${done}` : `${name}  ${percent}  ${done}`;
  }

  return {
    update: (progress) => {
      if (now() - shown < every) return;
      shown = now();
      screen.write(screen.isTTY ? `\r${text(progress).slice(0, (screen.columns ?? 80) - 1)}\x1b[K` : `${text(progress)}\n`);
    },
    done: ({ events, seconds }) => {
      const line = `${name}  ${number(events)} events in ${shortly(seconds)} s, ${number(rate(events, seconds))} events/s`;
      screen.write(screen.isTTY ? `\r${line}\x1b[K\n` : `${line}\n`);
    },
  };
}

function bar(part: number): string {
  const full = Math.round(part * WIDTH);
  return `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}]`;
}

/** The part of the log that was read, from 0 to 1. Positions are opaque: undefined where they are no numbers. */
function fraction(position: string, head: string): number | undefined {
  if (!/^\d+$/.test(position) || !/^\d+$/.test(head) || Number(head) === 0) return undefined;
  return Math.min(1, Number(position) / Number(head));
}

function rate(events: number, seconds: number): number {
  return seconds > 0 ? Math.round(events / seconds) : 0;
}

function number(value: number): string {
  return value.toLocaleString('en-GB').replaceAll(',', ' ');
}

/** Seconds as text: with one digit after the point from one second on, with three significant digits below. */
function shortly(seconds: number): string {
  return seconds < 1 ? String(Number(seconds.toPrecision(3))) : seconds.toFixed(1);
}
