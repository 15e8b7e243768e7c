/** Which assets a caller sees: whole ones where they work; name and place of what lies in the own unit, or in what that lies in. */
import type { RouteRequest } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { type AssetDocument, atSite, inPlace } from '../../projections/projectors/assets.ts';
import { callerOf, type QueryContext } from '../reading.ts';
import { aroundUnits, treeOf } from './site-places.ts';
import { homesOf, rolesOfCaller, workplacesOf } from './site-rights.ts';

/** The conditions of the assets of which a caller sees something; `wholeOnly`: all that is said of them. Errors: those of `reading`. */
export async function assetsSeen(context: QueryContext, request: RouteRequest, wholeOnly: boolean): Promise<Condition[]> {
  const at = workplacesOf(callerOf(request));
  if (at === 'all') return [];
  const places = wholeOnly ? [] : await ownPlaces(context, request);
  return [{ field: 'seen', op: 'in', value: [...at.map(atSite), ...places.map(inPlace)] }];
}

/** Of an asset, what the caller may see. Errors: those of `reading`. */
export async function sightOf(
  context: QueryContext,
  request: RouteRequest,
  { site, place }: AssetDocument,
): Promise<'whole' | 'glimpse' | 'nothing'> {
  if (rolesOfCaller(callerOf(request), site).length > 0) return 'whole';
  if (place === null) return 'nothing';
  return (await ownPlaces(context, request, site)).includes(place) ? 'glimpse' : 'nothing';
}

/** The units in which the caller lives now, what they lie in and what lies in them, at one site or at all. */
async function ownPlaces(context: QueryContext, request: RouteRequest, site?: string): Promise<string[]> {
  const homes = (await homesOf(context, request)).filter((home) => site === undefined || home.site === site);
  const bySite = Map.groupBy(homes, (home) => home.site);
  const around = await Promise.all(
    [...bySite].map(async ([one, there]) => {
      const { places } = await treeOf(context, request, one);
      return aroundUnits(
        places,
        there.map(({ unit }) => unit),
      );
    }),
  );
  return around.flat().map(({ id }) => id);
}
