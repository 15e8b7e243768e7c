/** The rules of a site's tree: a parent is there and of a kind that goes before, there is no circle, and only what is empty is removed. */
import type { Refusal } from '../../contracts/problem.ts';
import { PLACE_KINDS, type PlaceKind, type SiteCommand, type SiteEvent, waysUp } from '../../contracts/site.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { PlaceOfSite, SiteState } from './site-state.ts';

type CommandOf<T extends SiteCommand['type']> = Extract<SiteCommand, { type: T }>;
type Decision = SiteEvent[] | Refusal;

/** The most places of a site, because its whole tree is one state, and one answer. */
const MOST_PLACES = 2_000;
/** The most places that lie one in the other. */
const DEEPEST = 10;

const NO_PLACE: Refusal = { refused: 'not_found', detail: 'There is no such place at this site.' };
const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });
const wrongParent = (detail: string): Refusal => ({ refused: 'invalid', detail: 'It cannot lie there.', errors: [{ pointer: '/parent', detail }] });

export function addPlace({ commandId, data }: CommandOf<'AddPlace'>, { places }: SiteState): Decision {
  const { kind, name, parent = null } = data;
  const placeId = stableId(commandId, 'place');
  // A repeat that comes after a thousand other commands.
  if (places[placeId]) return [];
  if (Object.keys(places).length >= MOST_PLACES)
    return conflict(`A site has at most ${MOST_PLACES} places, and this one has as many. Add another site.`);
  return refusalOfParent(kind, parent, { places }) ?? [{ type: 'PlaceAdded', data: { placeId, kind, name, parent } }];
}

/** Renames or moves a place, or both. What stays as it is makes no event. */
export function editPlace({ data }: CommandOf<'EditPlace'>, { places }: SiteState): Decision {
  const { place: placeId } = data;
  const place = places[placeId];
  if (!place) return NO_PLACE;
  const { name = place.name, parent = place.parent } = data;
  const refused =
    parent === place.parent ? undefined : (refusalOfCircle(placeId, parent, places) ?? refusalOfParent(place.kind, parent, { places, of: placeId }));
  if (refused) return refused;
  return [
    ...(name === place.name ? [] : [{ type: 'PlaceRenamed', data: { placeId, name } } as const]),
    ...(parent === place.parent ? [] : [{ type: 'PlaceMoved', data: { placeId, from: place.parent, to: parent } } as const]),
  ];
}

/** Removes a place that is empty: nothing lies in it, and nobody lives there now or later. */
export function removePlace({ data, now }: CommandOf<'RemovePlace'>, { places, residents }: SiteState): Decision {
  const { place: placeId } = data;
  if (!places[placeId]) return NO_PLACE;
  if (Object.values(places).some(({ parent }) => parent === placeId)) return conflict('Something lies in it. Move or remove that first.');
  const lived = residents[placeId]?.some(({ from, until }) => until === null || (until > now && until > from));
  return lived ? conflict('Somebody lives there. End that first.') : [{ type: 'PlaceRemoved', data: { placeId } }];
}

interface Moving {
  places: SiteState['places'];
  /** The place that is moved, with all that lies in it; missing for a new one. */
  of?: string;
}

function refusalOfParent(kind: PlaceKind, parent: string | null, { places, of }: Moving): Refusal | undefined {
  if (parent === null) return undefined;
  const place = places[parent];
  if (!place) return wrongParent('is no place of this site');
  if (!mayHold(place, kind)) return wrongParent(`is a ${place.kind}, in which no ${kind} lies`);
  return above(parent, places).length + heightOf(of, places) <= DEEPEST
    ? undefined
    : wrongParent(`is too deep: at most ${DEEPEST} lie one in the other`);
}

function mayHold({ kind: outer }: PlaceOfSite, inner: PlaceKind): boolean {
  return PLACE_KINDS.indexOf(outer) < PLACE_KINDS.indexOf(inner) || (outer === 'place' && inner === 'place');
}

function refusalOfCircle(placeId: string, parent: string | null, places: SiteState['places']): Refusal | undefined {
  return parent !== null && above(parent, places).includes(placeId) ? wrongParent('lies in it: the two would lie in each other') : undefined;
}

/** A place and those in which it lies, the innermost first. */
function above(placeId: string, places: SiteState['places']): string[] {
  return waysUp(placeId, (id) => places[id]?.parent);
}

/** How many places lie one in the other from this one down, itself counted; 1 for a new one. */
function heightOf(placeId: string | undefined, places: SiteState['places']): number {
  if (placeId === undefined) return 1;
  const depths = Object.keys(places).map((id) => above(id, places).indexOf(placeId) + 1);
  return Math.max(1, ...depths);
}
