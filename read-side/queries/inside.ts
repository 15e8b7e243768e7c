/** GET /api/sites/:id/inside: who is in the house now, to be counted at an evacuation; as JSON, or as a page to print. */
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import { type InsideView, insideView } from '../../contracts/visit.ts';
import type { RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Find, Stored } from '../../platform/read-models/read-models.ts';
import { type PlaceDocument, places } from '../../projections/projectors/places.ts';
import { type VisitDocument, visits } from '../../projections/projectors/visits.ts';
import { callerOf, type QueryContext, type Reading, reading } from '../reading.ts';
import { insidePage } from './inside-page.ts';
import { isAtDesk, seenSite, timeOf } from './site-rights.ts';

/** Visits read at once. */
const AT_ONCE = 1_000;

export const listInside: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id/inside',
    who: 'user',
    summary:
      'Who has arrived and not left, all of them in one answer, for the staff and security of the site and for admins. As `text/html` it is a page to print.',
    tag: 'sites',
    query: z.strictObject({}),
    response: insideView,
  },
  answer: async (context, request) => {
    const site = await seenSite(context, request);
    if (!isAtDesk(callerOf(request), site.id)) throw new ProblemError('forbidden', 'Who is in the house is for its staff and its security.');
    const { position, result } = await reading(context, visits, request, (from) => allInside(from, site.id));
    const names = await placeNames(context, request, result);
    const items = result.map((stored) => itemOf(stored, names));
    const body: InsideView = { at: timeOf(context), people: items.reduce((sum, { people }) => sum + people, 0), items };
    const headers = { Position: position, Vary: 'Accept' };
    if (!/\btext\/html\b/.test(request.header('accept') ?? '')) return { headers, body };
    const { name, timeZone } = site.document;
    return { headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8' }, body: insidePage(body, { name, timeZone }) };
  },
};

/** All who are at a site, whoever came first first: no list for an evacuation ends in the middle. */
async function allInside({ list }: Pick<Reading, 'list'>, site: string): Promise<Stored[]> {
  const all: Stored[] = [];
  for (let last: Stored | undefined, page: Stored[] = []; last === undefined || page.length === AT_ONCE; last = page.at(-1)) {
    page = await list({ ...insideOf(site), limit: AT_ONCE, ...afterOf(last) });
    all.push(...page);
    if (page.length === 0) break;
  }
  return all;
}

function insideOf(site: string): Pick<Find, 'where' | 'sort'> {
  return {
    where: [
      { field: 'site', op: 'eq', value: site },
      { field: 'status', op: 'eq', value: 'arrived' },
    ],
    sort: [{ field: 'arrivedAt', descending: false }],
  };
}

function afterOf(last: Stored | undefined): Pick<Find, 'after'> {
  return last ? { after: { values: [(last.document as VisitDocument).arrivedAt], id: last.id } } : {};
}

/** The names of the units that are visited, by their ids. */
async function placeNames(context: QueryContext, request: RouteRequest, found: readonly Stored[]): Promise<ReadonlyMap<string, string>> {
  const units = [...new Set(found.flatMap(({ document }) => (document as VisitDocument).unit ?? []))];
  if (units.length === 0) return new Map();
  const { result } = await reading(context, places, request, ({ many }) => many(units));
  return new Map(result.flatMap(({ id, document }) => (document ? [[id, (document as PlaceDocument).name] as const] : [])));
}

function itemOf({ id, document }: Stored, names: ReadonlyMap<string, string>): InsideView['items'][number] {
  const { unit, host, name, plate, people, arrivedAt } = document as VisitDocument;
  return { id, unit, host, name, plate, people, place: unit === null ? null : (names.get(unit) ?? null), arrivedAt: arrivedAt ?? '' };
}
