/** The port of what is kept of a person: each store that has something has a source for each section of the person's document. */

import type { Position } from '../contracts/message.ts';
import type { ExportItem, ExportSection } from '../contracts/person-export.ts';

/** A source of the items of one section, as `tasks`. */
export interface PersonSource<S extends ExportSection = ExportSection> {
  section: S;
  /** Rejects with ProblemError `unavailable` where the source has not reached a position of the log, or waits for an operator. Missing: it is always whole. */
  expectWhole?(at: Position): Promise<void>;
  /** The items, as few in memory at once as its store allows. The iteration reads on only when asked. Errors: those of the store. */
  items(personId: string): AsyncIterable<ExportItem<S>>;
}

/** Checks a source's type and gives it back. */
export function personSource<S extends ExportSection>(source: PersonSource<S>): PersonSource {
  return source as unknown as PersonSource;
}
