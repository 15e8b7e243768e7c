/** How many documents are made at once: each reads all there is of a person, as slowly as its reader takes it. */
import type { Readable } from 'node:stream';
import { ProblemError } from '../../contracts/problem.ts';

/** Documents that are made at once in a process, at most. */
const AT_ONCE = 6;
/** Of one asker, as many: one that is read slowly, or was given up unnoticed, keeps nobody from another. Operators are one asker. */
const OF_ONE = 3;
/** Milliseconds after which a document gives its place to another one: whoever reads one without an end keeps nobody else from theirs. */
const MOST = 15 * 60_000;
const LATER = { headers: { 'Retry-After': '10' } };

export interface ExportTurns {
  /** Errors: ProblemError `limited` while as many are made for the same asker as may be, `unavailable` while as many are made as may be. */
  expectPlace(asker: string): void;
  /** Opens a document in a place of its own, which it leaves when it is read to its end, or given up. Errors: those of `expectPlace`. */
  open(asker: string, make: () => Readable): Readable;
}

export interface ExportTurnsOptions {
  atOnce?: number;
  ofOne?: number;
  /** A clock that nobody sets, in milliseconds; default performance.now. */
  clock?(): number;
}

/** Opens the places of a process. */
export function openExportTurns({ atOnce = AT_ONCE, ofOne = OF_ONE, clock = () => performance.now() }: ExportTurnsOptions = {}): ExportTurns {
  /** In the order in which they began. */
  const documents = new Map<Readable, { asker: string; since: number }>();

  /** True where there is a place, or the oldest document has had its time. */
  const hasPlace = () => documents.size < atOnce || [...documents.values()].some(({ since }) => clock() - since > MOST);

  function expectPlace(asker: string): void {
    const own = [...documents.values()].filter((one) => one.asker === asker);
    if (own.length >= ofOne)
      throw new ProblemError(
        'limited',
        'Documents that you asked for are still being sent, as many as may be at once. Wait for an end, or end one.',
        LATER,
      );
    if (!hasPlace()) throw new ProblemError('unavailable', 'As many of these documents are being sent as may be at once. Try again.', LATER);
  }

  return {
    expectPlace,
    open: (asker, make) => {
      expectPlace(asker);
      const [oldest] = documents.keys();
      if (oldest && documents.size >= atOnce) {
        documents.delete(oldest);
        // With an error its connection is cut, so that what was sent never looks whole.
        oldest.destroy(new Error('the document was sent for too long, and gave its place to another one'));
      }
      const document = make();
      documents.set(document, { asker, since: clock() });
      return document.once('close', () => documents.delete(document));
    },
  };
}
