/**
 * Whether what clients saw of a stream could have come from one that does one thing at a time (Herlihy and Wing's linearizability): each operation
 * takes effect at one moment between its beginning and its end. The search for those moments is short here, because the log tells the order of all
 * appends: for each of them in turn the earliest moment is taken.
 */

/** What an append was told. */
export type AppendAnswer =
  | { revision: number; position: string }
  /** Refused: the stream was at this revision. */
  | { actual: number }
  /** It may have been recorded, or may be yet. */
  | 'unknown'
  /** Nothing was recorded. */
  | 'nothing';

/** An operation on one stream. Times are of one monotonic clock. */
export interface Operation {
  begun: number;
  ended: number;
  /** The event ids that a read saw; or an append, and what it was told. */
  did: { read: readonly string[] } | { append: readonly string[]; expected: number; answer: AppendAnswer };
}

/** What an operation says of the stream: it was so long before, and so long after. */
interface Step {
  from: number;
  to: number;
  begun: number;
  ended: number;
}

/** What is wrong with the operations on a stream that has these event ids in the end; nothing where they are linearizable. */
export function violations(log: readonly string[], operations: readonly Operation[]): string[] {
  const revisions = new Map(log.map((id, revision) => [id, revision]));
  if (revisions.size < log.length) return ['an event is there twice'];
  const wrong: string[] = [];
  const steps: Step[] = [];
  for (const { begun, ended, did } of operations) {
    const step = 'read' in did ? stepOfRead(log, did.read) : stepOfAppend(revisions, did);
    if (typeof step === 'string') wrong.push(step);
    else if (step) steps.push({ begun, ended: step.late ? Number.POSITIVE_INFINITY : ended, ...step });
  }
  return wrong.length > 0 ? wrong : inOneOrder(log.length, steps);
}

function stepOfRead(log: readonly string[], read: readonly string[]): { from: number; to: number; late?: boolean } | string {
  const differs = read.findIndex((id, revision) => log[revision] !== id);
  return differs < 0 ? { from: read.length, to: read.length } : `a read saw ${read[differs]} at ${differs}, where there is ${log[differs]}`;
}

function stepOfAppend(
  revisions: ReadonlyMap<string, number>,
  { append, expected, answer }: { append: readonly string[]; expected: number; answer: AppendAnswer },
): { from: number; to: number; late?: boolean } | string | undefined {
  const what = `append of ${append.join(' ')} at ${expected}`;
  const there = append.map((id) => revisions.get(id));
  const whole = there.every((revision, index) => revision === expected + 1 + index);
  const step = { from: expected + 1, to: expected + 1 + append.length };
  if (answer === 'unknown' && whole) return { ...step, late: true };
  if (typeof answer === 'object' && 'revision' in answer)
    return whole && answer.revision === step.to - 1 ? step : `${what} was answered ${answer.revision}, and is at ${there}`;
  if (there.some((revision) => revision !== undefined)) return `${what} was answered ${JSON.stringify(answer)}, and is at ${there}`;
  if (typeof answer === 'string') return undefined;
  return answer.actual === expected ? `${what} was refused at ${answer.actual}` : { from: answer.actual + 1, to: answer.actual + 1 };
}

/** By length of the stream, an append before those that saw what it left: each as early as it can be. */
function inOneOrder(length: number, steps: readonly Step[]): string[] {
  const made = new Map(steps.filter(({ from, to }) => from < to).map((step) => [step.from, step]));
  const seen = Map.groupBy(
    steps.filter(({ from, to }) => from === to),
    ({ to }) => to,
  );
  let now = Number.NEGATIVE_INFINITY;
  const passes = ({ begun, ended }: Step, since: number): boolean => {
    now = Math.max(now, since, begun);
    return Math.max(since, begun) <= ended;
  };
  for (let at = 0; ; ) {
    const since = now;
    for (const step of seen.get(at) ?? []) if (!passes(step, since)) return [`the length ${at} was seen too late`];
    seen.delete(at);
    if (at === length) break;
    const next = made.get(at);
    if (!next) return [`nobody appended what is at ${at}`];
    if (!passes(next, now)) return [`what is at ${at} was appended before what it stands behind, or after it was seen missing`];
    at = next.to;
  }
  return [...seen.keys()].map((at) => `the length ${at} was seen, which there never was`);
}
