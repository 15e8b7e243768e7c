/** Ratios measured in one run: ours and the bare thing in turns, the best of each compared, the spread shown. */

/** A line of the table: what was measured, ours beside the bare thing. */
export interface Row {
  what: string;
  ours: number;
  bare: number;
  /** ours / bare. */
  ratio: number;
  /** Slowest to fastest run of each, as `2701–3055 against 4012–4410`. */
  spread: string;
  /** What the ratio should be: at least, for a rate; at most, for a cost. */
  target: number;
  /** Of `ours` and `bare`, as `appends/s`. */
  unit: string;
}

/** One run: does the work once and answers its figure in the row's unit. */
export type Run = () => Promise<number> | number;

export interface Comparison {
  what: string;
  unit: string;
  target: number;
  /** Runs of each that count; one more of each before them only warms up. */
  rounds: number;
  /** Which figure is the best one; default the highest (a rate). `lowest` for a time or a size. */
  best?: 'highest' | 'lowest';
  ours: Run;
  bare: Run;
}

/** Runs both in turns, so that a noisy moment of the machine hits both, and compares the best of each. */
export async function bestOf({ what, unit, target, rounds, best = 'highest', ours, bare }: Comparison): Promise<Row> {
  const figures = { ours: [] as number[], bare: [] as number[] };
  for (let round = 0; round <= rounds; round++) {
    const [bareFigure, oursFigure] = [await bare(), await ours()];
    if (round === 0) continue;
    figures.bare.push(bareFigure);
    figures.ours.push(oursFigure);
  }
  const pick = best === 'highest' ? Math.max : Math.min;
  const [a, b] = [pick(...figures.ours), pick(...figures.bare)];
  return { what, ours: a, bare: b, ratio: a / b, spread: `${spread(figures.ours)} against ${spread(figures.bare)}`, target, unit };
}

function spread(figures: readonly number[]): string {
  return `${figure(Math.min(...figures))}–${figure(Math.max(...figures))}`;
}

/** Whole numbers from 100 up, three digits below. */
export function figure(n: number): string {
  return n >= 100 ? String(Math.round(n)) : n.toPrecision(3);
}

/** A row as one line of text. */
export function line(row: Row): string {
  return `${row.what}: ${figure(row.ours)} ${row.unit}, bare ${figure(row.bare)}, ratio ${row.ratio.toFixed(2)} (target ${row.target}; ${row.spread})`;
}
