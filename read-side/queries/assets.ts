/** GET /api/assets, GET /api/assets/:id, GET /api/sites/:id/asset-kinds: what is looked after at sites. */
import { z } from 'zod';
import { ASSET_STATES, type AssetGlimpse, type AssetView, assetGlimpse, assetView, type DowntimeView } from '../../contracts/asset.ts';
import { assetDetailView } from '../../contracts/asset-detail.ts';
import { id } from '../../contracts/fields.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { assetKindsView } from '../../contracts/site.ts';
import type { RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { type AssetDocument, assets } from '../../projections/projectors/assets.ts';
import { type DowntimeDocument, downtimes } from '../../projections/projectors/downtimes.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { assetsSeen, sightOf } from './asset-rights.ts';
import { readPage } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, labelsAsked, limit, oneOrMore, search } from './parameters.ts';
import { repairsOfAsset } from './repairs.ts';
import { withinPlace } from './site-places.ts';
import { rolesOfCaller, seenSite } from './site-rights.ts';
import { wordConditions } from './words-asked.ts';

const WHOLE = 'Finds only what the caller sees whole.';

const listAssetsQuery = z.strictObject({
  site: id.optional().meta({ description: 'Only what is at this site.' }),
  place: id.optional().meta({ description: 'Only what is in this place, or in what lies in it.' }),
  kind: z
    .string('must be given once')
    .max(50, 'must have at most 50 characters')
    .optional()
    .meta({ description: `Only what is of this kind. ${WHOLE}` }),
  state: oneOrMore(ASSET_STATES, `One state, or several separated by commas. ${WHOLE}`),
  label: labelsAsked(`One label, or several: repeated, or separated by commas. An asset must have all of them. ${WHOLE}`),
  q: search.meta({ description: `Words of the name, kind, numbers, labels and values; each must be the beginning of a word there. ${WHOLE}` }),
  cursor,
  limit: limit(50),
});
type ListAssets = z.output<typeof listAssetsQuery>;

export const listAssets: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/assets',
    who: 'user',
    summary:
      'The assets of the sites where you work, by name; for admins, all. A resident gets name and place of what lies in the own unit, or in what that lies in.',
    tag: 'assets',
    query: listAssetsQuery,
    response: listOf(z.union([assetView, assetGlimpse])),
  },
  answer: async (context, request) => {
    const query = request.query as ListAssets;
    const caller = callerOf(request);
    const { cursor: after, limit: most, ...asked } = query;
    const ofWhole = wholeConditions(query);
    const where: Condition[] = [
      ...(query.site ? [{ field: 'site', op: 'eq', value: query.site } as const] : []),
      ...(query.place ? [{ field: 'place', op: 'in', value: await withinPlace(context, request, query.place) } as const] : []),
      ...ofWhole,
      ...(await assetsSeen(context, request, ofWhole.length > 0)),
    ];
    const { position, page, next } = await readPage(context, request, assets, {
      where,
      sort: [{ field: 'nameKey', descending: false }],
      // Not the places: the cursor of a page is good for the next one, whatever came of them meanwhile.
      of: ['assets', asked, caller.id],
      cursor: after,
      limit: most,
    });
    const items = page.map(({ id: of, document }) => {
      const asset = document as AssetDocument;
      return rolesOfCaller(caller, asset.site).length > 0 ? viewOf(of, asset) : glimpseOf(of, asset);
    });
    return listAnswer({ path: '/api/assets', parameters: { ...query }, position, items, next });
  },
};

/** The conditions on what residents do not see: they would tell them. */
function wholeConditions({ kind, state, label, q }: ListAssets): Condition[] {
  return [
    ...(kind ? [{ field: 'kind', op: 'eq', value: kind } as const] : []),
    ...(state ? [{ field: 'state', op: 'in', value: state } as const] : []),
    ...(label ?? []).map((one) => ({ field: 'labels', op: 'eq', value: one }) as const),
    ...wordConditions('words', q),
  ];
}

/** The most downtimes that are shown with an asset. */
const MOST_DOWNTIMES = 100;

export const getAsset: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/assets/:id',
    who: 'user',
    summary:
      'An asset of a site where you work, with its downtimes; for admins, any. A resident gets name and place of what lies in the own unit, or in what that lies in.',
    tag: 'assets',
    query: z.strictObject({}),
    response: z.union([assetDetailView, assetGlimpse]),
  },
  answer: async (context, request) => {
    const of = request.params.id ?? '';
    const { position, result } = await reading(context, assets, request, ({ one }) => one(of));
    const asset = result?.document as AssetDocument | null | undefined;
    const sight = asset ? await sightOf(context, request, asset) : 'nothing';
    if (!asset || sight === 'nothing') throw new ProblemError('not_found', 'There is no such asset.');
    const body = sight === 'whole' ? await wholeOf(context, request, { id: of, asset }) : glimpseOf(of, asset);
    return { headers: { ETag: `"${asset.revision}"`, Position: position }, body };
  },
};

async function wholeOf(context: QueryContext, request: RouteRequest, { id: of, asset }: { id: string; asset: AssetDocument }) {
  const [broken, repaired] = await Promise.all([downtimesOf(context, request, of), repairsOfAsset(context, request, of)]);
  return { ...viewOf(of, asset), downtimes: broken, repairs: repaired };
}

async function downtimesOf(context: QueryContext, request: RouteRequest, asset: string): Promise<DowntimeView[]> {
  const sort = [{ field: 'from', descending: true }];
  const { result } = await reading(context, downtimes, request, ({ list }) =>
    list({ where: [{ field: 'asset', op: 'eq', value: asset }], sort, limit: MOST_DOWNTIMES }),
  );
  return result.map((stored) => {
    const { asset: _, ...downtime } = stored.document as DowntimeDocument;
    return { id: stored.id, ...downtime };
  });
}

export const getAssetKinds: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id/asset-kinds',
    who: 'user',
    summary: 'The kinds of assets of a site, with the fields of each: for admins and those who work there.',
    tag: 'sites',
    query: z.strictObject({}),
    response: assetKindsView,
  },
  answer: async (context, request) => {
    const { document, roles, position } = await seenSite(context, request);
    if (roles.length === 0) throw new ProblemError('forbidden', 'The kinds of assets of a site are not for its residents.');
    const { assetKinds: kinds, revision } = document;
    return { headers: { ETag: `"${revision}"`, Position: position }, body: { kinds, revision } };
  },
};

function viewOf(of: string, { seen: _, words: __, nameKey: ___, link: ____, ...asset }: AssetDocument): AssetView {
  return { id: of, ...asset };
}

function glimpseOf(of: string, { site, name, place }: AssetDocument): AssetGlimpse {
  return { id: of, site, name, place };
}
