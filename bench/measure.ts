/** Ratios, measured in one run: ours and the bare thing take turns, the best of each is compared, the spread is shown. */

/** A line of the table: a measurement of ours beside the bare thing's. */
export interface Row {
  what: string;
  ours: number;
  bare: number;
  /** `ours` divided by `bare`. */
  ratio: number;
  /** The lowest and highest figures of each, as `2701–3055 against 4012–4410`. */
  spread: string;
  /** The ratio to reach: at least this for a rate, at most this for a cost. */
  target: number;
  /** The unit of `ours` and `bare`, as `appends/s`. */
  unit: string;
}

/** One run: does the work once and answers its figure in the row's unit. */
export type Run = () => Promise<number> | number;

export interface Comparison {
  what: string;
  unit: string;
  target: number;
  /** Number of runs of each that count, after one of each that only warms up. */
  rounds: number;
  /** The best figure of several: `highest`, the default, for a rate, `lowest` for a time or a size. */
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

/** A number as text: whole from 100 up, with three digits below. */
export function figure(n: number): string {
  return n >= 100 ? String(Math.round(n)) : n.toPrecision(3);
}

/** A row as one line of text. */
export function line(row: Row): string {
  return `${row.what}: ${figure(row.ours)} ${row.unit}, bare ${figure(row.bare)}, ratio ${row.ratio.toFixed(2)} (target ${row.target}; ${row.spread})`;
}
