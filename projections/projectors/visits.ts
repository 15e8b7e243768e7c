/**
 * Read model `visits`: who is expected at which site, is there, or was. What says who came is in a visit's own document alone, until the visit is erased:
 * then the event that says so takes it out, here and in every rebuild.
 */
import type { RecordedEvent } from '../../contracts/message.ts';
import { ERASED } from '../../contracts/personal.ts';
import type { VisitEvent, VisitView } from '../../contracts/visit.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';
import { words } from '../words.ts';

/** A visit as it is stored. */
export type VisitDocument = Omit<VisitView, 'id'> & {
  /** Who sees it, as `user:<id>` of the host and `site:<id>` of the desk: the field that queries search. */
  seenBy: string[];
  /** The words of the name and the plate. */
  words: string[];
  /** The time from which on the clock says that nobody came; null where nobody is expected. */
  missAt: string | null;
  /** The time from which the days are counted after which it is forgotten who came; null while they are expected, and once it is. */
  overSince: string | null;
};

type Ending = Exclude<VisitEvent, { type: 'VisitorExpected' | 'VisitorWalkedIn' | 'VisitErased' }>;

function evolve(document: Folded<VisitDocument>, recorded: RecordedEvent): VisitDocument {
  const event = recorded as RecordedEvent & VisitEvent;
  const { time, revision } = recorded;
  switch (event.type) {
    case 'VisitorExpected': {
      beginning(document, recorded);
      const { from, until } = event.data;
      return { ...begun(event.data), from, until, status: 'expected', arrivedAt: null, missAt: until, overSince: null, revision };
    }
    case 'VisitorWalkedIn':
      beginning(document, recorded);
      return { ...begun(event.data), from: time, until: null, status: 'arrived', arrivedAt: time, missAt: null, overSince: time, revision };
    case 'VisitErased':
      return { ...erased(existing(document, recorded)), revision };
    default:
      return { ...existing(document, recorded), ...ended(event, existing(document, recorded), time), missAt: null, revision };
  }
}

type Begun = Extract<VisitEvent, { type: 'VisitorExpected' | 'VisitorWalkedIn' }>['data'];

function begun({ site, unit, host, name, plate, email, people }: Begun) {
  const seenBy = [`site:${site}`, ...(host === null ? [] : [`user:${host}`])];
  const who = { name, plate: plate ?? null, email: email ?? null, people };
  return { site, unit, host, ...who, leftAt: null, reason: null, erased: false, seenBy, words: wordsOf(name, plate) };
}

/** The words to find a visit by: a plate also as one word, however its parts are set apart. */
function wordsOf(name: string, plate: string | undefined): string[] {
  return [...new Set([...words(name), ...words(plate ?? ''), ...words((plate ?? '').replace(/[^\p{L}\p{N}]/gu, ''))])];
}

function ended(event: Ending, { until }: VisitDocument, time: string): Partial<VisitDocument> {
  switch (event.type) {
    case 'VisitorArrived':
      // Whose leaving nobody notes is forgotten as others are, counted from the end of the time in which they were expected.
      return { status: 'arrived', arrivedAt: time, overSince: until !== null && until > time ? until : time };
    case 'VisitorLeft':
      return { status: 'left', leftAt: time, overSince: time };
    case 'VisitorRefused':
      return { status: 'refused', reason: event.data.reason, overSince: time };
    case 'VisitorMissed':
      return { status: 'missed', overSince: time };
    case 'VisitCancelled':
      return { status: 'cancelled', overSince: time };
    default:
      return event satisfies never;
  }
}

function erased(document: VisitDocument): VisitDocument {
  const reason = document.reason === null ? null : ERASED;
  return { ...document, name: ERASED, plate: null, email: null, reason, erased: true, words: [], overSince: null };
}

export const visits = projector<VisitDocument>({
  model: {
    name: 'visits',
    version: 1,
    fields: {
      site: 'text',
      host: 'text',
      status: 'text',
      from: 'text',
      arrivedAt: 'text',
      seenBy: 'texts',
      words: 'texts',
      missAt: 'text',
      overSince: 'text',
    },
    indexes: [['seenBy', 'from'], ['site', 'status', 'arrivedAt'], ['host', 'from'], ['from'], ['missAt'], ['overSince']],
  },
  events: [
    ...(['VisitorExpected', 'VisitorWalkedIn', 'VisitorArrived', 'VisitorLeft', 'VisitorRefused', 'VisitorMissed'] as const),
    ...(['VisitCancelled', 'VisitErased'] as const),
  ],
  key: byStream,
  evolve,
});
