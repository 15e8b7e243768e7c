/** Who may ask for a repair of what: who works at the site of all there; a resident of the own unit, what it lies in, what lies in it, and the assets there. */
import type { Actor } from '../../contracts/aggregate.ts';
import type { FieldError, Refusal } from '../../contracts/problem.ts';
import type { RepairCommand } from '../../contracts/repair.ts';
import { rolesAtRepair } from '../../contracts/repair-state.ts';
import { waysUp } from '../../contracts/site.ts';
import type { Facts } from '../decider.ts';
import { type AssetState, noAsset } from './asset-state.ts';
import type { RepairEventOf, RepairFields, RepairState } from './repair-state.ts';
import { noSite, type SiteState } from './site-state.ts';

type Filing = Extract<RepairCommand, { type: 'FileRepair' }>;
type Place = Pick<RepairFields, 'place' | 'asset'>;

const siteIn = ({ site }: Facts): SiteState => (site ?? noSite) as SiteState;
const assetIn = ({ asset }: Facts): AssetState => (asset ?? noAsset) as AssetState;

/** The streams that a decision on a place and an asset of a site needs. */
export function neededFor(site: string, asset: string | null | undefined): Record<string, string> {
  return { site: `site-${site}`, ...(asset ? { asset: `asset-${asset}` } : {}) };
}

/** Files a request. Whoever neither works nor lives at the site gets one answer, whether there is such a site or not. */
export function fileRepair({ actor, data, now }: Filing, { exists }: RepairState, facts: Facts): RepairEventOf<'RepairFiled'>[] | Refusal {
  const sight = sightOf(actor, { id: data.site, state: siteIn(facts), now });
  if (sight === 'nothing') return { refused: 'forbidden', detail: 'Only who works or lives at a site asks for repairs there.' };
  if (exists) return { refused: 'conflict', detail: 'This request was filed already.' };
  const { site, title, description, labels = [], asset = null } = data;
  const place = data.place ?? (asset === null ? null : assetIn(facts).place);
  const refusal = refusalOfPlace({ place, asset }, { site, facts, sight });
  if (refusal) return refusal;
  const said = { title, ...(description ? { description } : {}), labels: [...new Set(labels)] };
  return [{ type: 'RepairFiled', data: { site, place, asset, ...said, requester: actor.id, filedAt: now } }];
}

/** The places of a site that somebody sees: all, those around the own units, or nothing. */
type Sight = 'all' | ReadonlySet<string> | 'nothing';

function sightOf(actor: Actor, { id, state, now }: { id: string; state: SiteState; now: string }): Sight {
  if (!state.exists) return rolesAtRepair(actor, { site: id, requester: null }).length > 0 ? 'all' : 'nothing';
  if (rolesAtRepair(actor, { site: id, requester: null }).length > 0) return 'all';
  const units = Object.entries(state.residents).flatMap(([unit, there]) =>
    there.some(({ userId, from, until }) => userId === actor.id && from <= now && (until === null || until > now)) ? [unit] : [],
  );
  return units.length === 0 ? 'nothing' : around(units, state);
}

/** The units, what they lie in, and what lies in them. */
function around(units: readonly string[], { places }: SiteState): ReadonlySet<string> {
  const parentOf = (id: string) => places[id]?.parent;
  const own = new Set(units);
  const inside = Object.keys(places).filter((id) => waysUp(id, parentOf).some((one) => own.has(one)));
  return new Set([...units.flatMap((unit) => waysUp(unit, parentOf)), ...inside]);
}

/** The refusal of a place and an asset that are not at the site, or that who asks does not see. */
export function refusalOfPlace({ place, asset }: Place, { site, facts, sight }: { site: string; facts: Facts; sight: Sight }): Refusal | undefined {
  const state = siteIn(facts);
  if (!state.exists) return invalid({ pointer: '/site', detail: 'is no site that is there' });
  if (sight !== 'all' && place === null) return invalid({ pointer: '/place', detail: 'must say where it is: in your unit, or in what that lies in' });
  const errors = [...errorsOfPlaceSeen(place, state, sight), ...errorsOfAsset(asset, { site, facts, sight })];
  return errors.length === 0 ? undefined : invalid(...errors);
}

function invalid(...errors: FieldError[]): Refusal {
  return { refused: 'invalid', detail: 'A request is about something at its site.', errors };
}

function errorsOfPlaceSeen(place: string | null, { places }: SiteState, sight: Sight): FieldError[] {
  if (place === null || (places[place] && isSeen(place, sight))) return [];
  return [{ pointer: '/place', detail: sight === 'all' ? 'is no place of this site' : 'is neither in your unit nor what that lies in' }];
}

function errorsOfAsset(asset: string | null, { site, facts, sight }: { site: string; facts: Facts; sight: Sight }): FieldError[] {
  if (asset === null) return [];
  const state = assetIn(facts);
  const isThere = state.exists && state.site === site && (sight === 'all' || (state.place !== null && isSeen(state.place, sight)));
  if (!isThere) return [{ pointer: '/asset', detail: sight === 'all' ? 'is no asset of this site' : 'is no asset that you see there' }];
  return state.retired ? [{ pointer: '/asset', detail: 'is retired: nothing of it is repaired' }] : [];
}

function isSeen(place: string, sight: Sight): boolean {
  return sight === 'all' || (sight !== 'nothing' && sight.has(place));
}
