/** How many documents are made at once: each reads all there is of a person, as slowly as its reader takes it. */
import type { Readable } from 'node:stream';
import { ProblemError } from '../../contracts/problem.ts';

/** Documents that are made at once in a process, at most. */
const AT_ONCE = 4;
/** Milliseconds after which a document gives its place to another one: whoever reads one without an end keeps nobody else from theirs. */
const MOST = 15 * 60_000;
const LATER = { headers: { 'Retry-After': '10' } };

export interface ExportTurns {
  /** Errors: ProblemError `limited` while another document is made for the same asker, `unavailable` while as many are made as may be. */
  expectPlace(asker: string): void;
  /** Opens a document in a place of its own, which it leaves when it is read to its end, or given up. Errors: those of `expectPlace`. */
  open(asker: string, make: () => Readable): Readable;
}

export interface ExportTurnsOptions {
  atOnce?: number;
  /** A clock that nobody sets, in milliseconds; default performance.now. */
  clock?(): number;
}

/** Opens the places of a process. */
export function openExportTurns({ atOnce = AT_ONCE, clock = () => performance.now() }: ExportTurnsOptions = {}): ExportTurns {
  const documents = new Map<string, { document: Readable; since: number }>();

  /** True where there is a place, or the oldest document has had its time. */
  const hasPlace = () => documents.size < atOnce || [...documents.values()].some(({ since }) => clock() - since > MOST);

  function expectPlace(asker: string): void {
    if (documents.has(asker))
      throw new ProblemError('limited', 'A document that you asked for is still being sent. Wait for its end, or end it.', LATER);
    if (!hasPlace()) throw new ProblemError('unavailable', 'As many of these documents are being sent as may be at once. Try again.', LATER);
  }

  function leave(asker: string, document: Readable): void {
    if (documents.get(asker)?.document === document) documents.delete(asker);
  }

  return {
    expectPlace,
    open: (asker, make) => {
      expectPlace(asker);
      const [oldest] = documents;
      if (oldest && documents.size >= atOnce) {
        documents.delete(oldest[0]);
        // With an error its connection is cut, so that what was sent never looks whole.
        oldest[1].document.destroy(new Error('the document was sent for too long, and gave its place to another one'));
      }
      const document = make();
      documents.set(asker, { document, since: clock() });
      return document.once('close', () => leave(asker, document));
    },
  };
}
