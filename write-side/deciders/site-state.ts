/** The state of a site: what is said of it, its tree, and who lives where. */
import type { AssetKind } from '../../contracts/asset-kind.ts';
import type { PlaceKind, SiteEvent } from '../../contracts/site.ts';

/** A place of the tree. */
export interface PlaceOfSite {
  kind: PlaceKind;
  name: string;
  /** The place in which it lies; null: the site itself. */
  parent: string | null;
}

/** A stretch in which somebody lives in a unit; `until` is null while no end is known. Times: ISO 8601, UTC. */
export interface Residency {
  residency: string;
  userId: string;
  from: string;
  until: string | null;
}

/** What is said of a site, and may be changed. */
export type SiteFields = Extract<SiteEvent, { type: 'SiteAdded' }>['data'];

export interface SiteState {
  exists: boolean;
  /** True once the site was removed: it does not begin again. */
  removed: boolean;
  fields: SiteFields;
  /** The places by their ids. */
  places: Readonly<Record<string, PlaceOfSite>>;
  /** Who lives or lived in each unit that is there, by the unit's id. */
  residents: Readonly<Record<string, readonly Residency[]>>;
  /** The kinds of assets that it has, with their fields. */
  assetKinds: readonly AssetKind[];
}

export const noSite: SiteState = {
  exists: false,
  removed: false,
  fields: { name: '', address: '', timeZone: 'UTC', hours: [], holidays: [] },
  places: {},
  residents: {},
  assetKinds: [],
};

/** The state after one more event. */
export function siteAfter(state: SiteState, event: SiteEvent): SiteState {
  switch (event.type) {
    case 'SiteAdded':
      return { ...noSite, exists: true, fields: event.data };
    case 'SiteEdited':
      return { ...state, fields: { ...state.fields, ...(event.data as Partial<SiteFields>) } };
    case 'SiteRemoved':
      return { ...noSite, removed: true };
    case 'AssetKindsSet':
      return { ...state, assetKinds: event.data.kinds };
    case 'ResidentMovedIn':
    case 'ResidentMovedOut':
      return { ...state, residents: residentsAfter(state.residents, event) };
    case 'PlaceAdded':
    case 'PlaceRenamed':
    case 'PlaceMoved':
    case 'PlaceRemoved':
      return treeAfter(state, event);
    default:
      event satisfies never;
      return state;
  }
}

type OfTree = Extract<SiteEvent, { type: 'PlaceAdded' | 'PlaceRenamed' | 'PlaceMoved' | 'PlaceRemoved' }>;
type OfResidents = Extract<SiteEvent, { type: 'ResidentMovedIn' | 'ResidentMovedOut' }>;

function treeAfter(state: SiteState, event: OfTree): SiteState {
  const { placeId } = event.data;
  if (event.type === 'PlaceRemoved') {
    const { [placeId]: _, ...places } = state.places;
    const { [placeId]: __, ...residents } = state.residents;
    return { ...state, places, residents };
  }
  return { ...state, places: { ...state.places, [placeId]: placeAfter(state.places[placeId], event) } };
}

function placeAfter(place: PlaceOfSite | undefined, event: Exclude<OfTree, { type: 'PlaceRemoved' }>): PlaceOfSite {
  const before = place ?? { kind: 'place', name: '', parent: null };
  switch (event.type) {
    case 'PlaceAdded':
      return { kind: event.data.kind, name: event.data.name, parent: event.data.parent };
    case 'PlaceRenamed':
      return { ...before, name: event.data.name };
    case 'PlaceMoved':
      return { ...before, parent: event.data.to };
    default:
      event satisfies never;
      return before;
  }
}

function residentsAfter(residents: SiteState['residents'], { type, data }: OfResidents): SiteState['residents'] {
  const { unit, residency, userId } = data;
  const there = residents[unit] ?? [];
  if (type === 'ResidentMovedIn') return { ...residents, [unit]: [...there, { residency, userId, from: data.from, until: null }] };
  return { ...residents, [unit]: there.map((one) => (one.residency === residency ? { ...one, until: data.until } : one)) };
}
