/** GET /api/sites/:id/places: the tree of a site, in one answer. */
import { z } from 'zod';
import type { Position } from '../../contracts/message.ts';
import { PLACE_KINDS, type PlaceView, placeView, waysUp } from '../../contracts/site.ts';
import type { RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { type PlaceDocument, places } from '../../projections/projectors/places.ts';
import { type QueryContext, reading } from '../reading.ts';
import { seenSite } from './site-rights.ts';

/** More than a site may have. */
const ALL = 10_000;

export const listPlaces: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id/places',
    who: 'user',
    summary:
      'The tree of a site: each place with its parent, buildings first, then floors, units and places, each by name. A resident gets the own units, what they lie in, and what lies in them.',
    tag: 'sites',
    query: z.strictObject({}),
    response: z.strictObject({ items: z.array(placeView) }),
  },
  answer: async (context, request) => {
    const { id, roles, units } = await seenSite(context, request);
    const { position, places: all } = await treeOf(context, request, id);
    const items = roles.length > 0 ? all : aroundUnits(all, units);
    return { headers: { Position: position }, body: { items: items.sort((a, b) => PLACE_KINDS.indexOf(a.kind) - PLACE_KINDS.indexOf(b.kind)) } };
  },
};

/** All places of a site, by name. Errors: those of `reading`. */
export async function treeOf(context: QueryContext, request: RouteRequest, site: string): Promise<{ position: Position; places: PlaceView[] }> {
  const find = { where: [{ field: 'site', op: 'eq', value: site } as const], sort: [{ field: 'nameKey', descending: false }], limit: ALL };
  const { position, result } = await reading(context, places, request, ({ list }) => list(find));
  return { position, places: result.map((stored) => viewOf(stored.id, stored.document as PlaceDocument)) };
}

/** A place, and all that lies in it. Errors: those of `reading`. */
export async function withinPlace(context: QueryContext, request: RouteRequest, place: string): Promise<string[]> {
  const { result } = await reading(context, places, request, ({ one }) => one(place));
  if (!result?.document) return [place];
  const { places: all } = await treeOf(context, request, (result.document as PlaceDocument).site);
  const parents = new Map(all.map((one) => [one.id, one.parent]));
  return all.filter((one) => waysUp(one.id, (inner) => parents.get(inner)).includes(place)).map((one) => one.id);
}

/** Of a tree these units, what they lie in, and what lies in them. */
export function aroundUnits(all: readonly PlaceView[], units: readonly string[]): PlaceView[] {
  const byId = new Map(all.map((one) => [one.id, one]));
  const parentOf = (id: string) => byId.get(id)?.parent;
  const above = new Set(units.flatMap((unit) => waysUp(unit, parentOf)));
  const own = new Set(units);
  return all.filter(({ id }) => above.has(id) || waysUp(id, parentOf).some((one) => own.has(one)));
}

function viewOf(id: string, { site: _, nameKey: __, ...document }: PlaceDocument): PlaceView {
  return { id, ...document };
}
