/** Labels of assets: the codes on them, the sheets that are printed, and what whoever scans one is shown. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { type LabelledAsset, labelledAssetView } from '../../contracts/asset.ts';
import { id } from '../../contracts/fields.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { escaped, smallPage } from '../../platform/http/html.ts';
import { type Limits, networkOf } from '../../platform/http/limits/limits.ts';
import { ANY_QUERY } from '../../platform/http/query-schemas.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { type AssetDocument, assets } from '../../projections/projectors/assets.ts';
import { type PlaceDocument, places } from '../../projections/projectors/places.ts';
import { readPage } from '../queries/model-routes.ts';
import { nextPage } from '../queries/page.ts';
import { cursor, limit } from '../queries/parameters.ts';
import { withinPlace } from '../queries/site-places.ts';
import { rolesOfCaller, seenSite } from '../queries/site-rights.ts';
import { callerOf, type QueryContext, reading } from '../reading.ts';
import { assetLinks, LINK_PAGE } from './asset-links.ts';
import { labelOnSheet, labelSheet, SHEET_STYLE } from './label-pages.ts';
import { qrPng, qrSvg } from './qr-code.ts';

export interface LabelsContext extends QueryContext {
  /** Keyed hash of the installation, which links are made with. */
  hmac(text: string): string;
  /** The address of the pages, which links lead to. */
  publicUrl(): string;
  limits: Pick<Limits, 'consume'>;
}

const NO_SCRIPT = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const ofSheet = `${NO_SCRIPT}; style-src 'sha256-${createHash('sha256').update(SHEET_STYLE).digest('base64')}'`;
const HTML = 'text/html; charset=utf-8';

const getLink: RouteWith<LabelsContext> = {
  row: {
    method: 'GET',
    path: '/api/assets/:id/link',
    who: 'user',
    summary: 'The link on the label of an asset, for who works at its site: whoever has it learns the asset’s name and place.',
    tag: 'assets',
    query: z.strictObject({}),
    response: z.strictObject({ link: z.string() }),
  },
  answer: async (context, request) => ({ headers: { 'Cache-Control': 'no-store' }, body: { link: await ownLink(context, request) } }),
};

const qrQuery = z.strictObject({ format: z.enum(['svg', 'png'], 'must be svg or png').default('svg').meta({ description: '`svg` or `png`.' }) });

const getQr: RouteWith<LabelsContext> = {
  row: {
    method: 'GET',
    path: '/api/assets/:id/qr',
    who: 'user',
    summary: 'The QR code of that link, as SVG or PNG, for who works at the asset’s site.',
    tag: 'assets',
    query: qrQuery,
  },
  answer: async (context, request) => {
    const { format } = request.query as z.output<typeof qrQuery>;
    const link = await ownLink(context, request);
    const [type, body] = format === 'png' ? ['image/png', qrPng(link)] : ['image/svg+xml', qrSvg(link)];
    return { headers: { 'Content-Type': type, 'Content-Security-Policy': NO_SCRIPT, 'Cache-Control': 'no-store' }, body };
  },
};

/** The link of the asset of the path. Errors: ProblemError `not_found` where the caller does not work at its site, `conflict` where it is retired. */
async function ownLink(context: LabelsContext, request: RouteRequest): Promise<string> {
  const of = request.params.id ?? '';
  const { result } = await reading(context, assets, request, ({ one }) => one(of));
  const asset = result?.document as AssetDocument | null | undefined;
  if (!asset || rolesOfCaller(callerOf(request), asset.site).length === 0) throw new ProblemError('not_found', 'There is no such asset.');
  if (asset.state === 'retired') throw new ProblemError('conflict', 'It is retired, and its link has ended.');
  return linkOf(context, of, asset);
}

function linkOf({ hmac, publicUrl }: LabelsContext, of: string, { link }: AssetDocument): string {
  return `${publicUrl()}${LINK_PAGE}/${assetLinks(hmac).tokenOf(of, link)}`;
}

const sheetQuery = z.strictObject({
  place: id.optional().meta({ description: 'Only what is in this place, or in what lies in it.' }),
  cursor,
  limit: limit(50),
});

const getSheet: RouteWith<LabelsContext> = {
  row: {
    method: 'GET',
    path: '/api/sites/:id/labels',
    who: 'user',
    summary:
      'A page of labels to print, for who works at the site: of each asset that is not retired the name, the code and the QR code, by name. `Link` has the next page.',
    tag: 'assets',
    query: sheetQuery,
  },
  answer: async (context, request) => {
    const { id: site, document, roles } = await seenSite(context, request);
    if (roles.length === 0) throw new ProblemError('forbidden', 'Labels are printed by who works at the site.');
    const query = request.query as z.output<typeof sheetQuery>;
    const where: Condition[] = [
      { field: 'site', op: 'eq', value: site },
      { field: 'state', op: 'in', value: ['in-service', 'out-of-service'] },
      ...(query.place ? [{ field: 'place', op: 'in', value: await withinPlace(context, request, query.place) } as const] : []),
    ];
    const { position, page, next } = await readPage(context, request, assets, {
      where,
      sort: [{ field: 'nameKey', descending: false }],
      of: ['labels', site, query.place],
      cursor: query.cursor,
      limit: query.limit,
    });
    const found = page.map((stored) => ({ id: stored.id, asset: stored.document as AssetDocument }));
    const named = await namesOf(
      context,
      request,
      found.map(({ asset }) => asset.place),
    );
    const labels: string[] = [];
    for (const { id: of, asset } of found) {
      // A code is some milliseconds of work: others are answered between them.
      await setImmediate();
      labels.push(labelOnSheet({ name: asset.name, code: asset.code, place: named(asset.place), link: linkOf(context, of, asset) }));
    }
    const headers = { 'Content-Type': HTML, 'Content-Security-Policy': ofSheet, 'Cache-Control': 'no-store', Position: position };
    return { headers: { ...headers, ...nextPage(`/api/sites/${site}/labels`, query, next) }, body: labelSheet(document.name, labels) };
  },
};

/** The names of some places. */
async function namesOf(
  context: QueryContext,
  request: RouteRequest,
  all: readonly (string | null)[],
): Promise<(place: string | null) => string | null> {
  const ids = [...new Set(all.filter((one) => one !== null))];
  const { result } = await reading(context, places, request, ({ many }) => many(ids));
  const names = new Map(result.flatMap(({ id: of, document }) => (document ? [[of, (document as PlaceDocument).name] as const] : [])));
  return (place) => (place === null ? null : (names.get(place) ?? null));
}

const UNLISTED = { 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex' };

const byLink: RouteWith<LabelsContext> = {
  row: {
    method: 'GET',
    path: '/api/assets/by-link/:token',
    who: 'anyone',
    summary: 'The name and the place of an asset, for whoever has the link of its label.',
    tag: 'assets',
    query: z.strictObject({}),
    response: labelledAssetView,
  },
  answer: async (context, request) => ({ headers: UNLISTED, body: await labelled(context, request) }),
};

const linkPage: RouteWith<LabelsContext> = {
  row: {
    method: 'GET',
    path: `${LINK_PAGE}/:token`,
    who: 'anyone',
    summary: 'The page that the label of an asset leads to: its name and its place.',
    tag: 'assets',
    query: ANY_QUERY,
  },
  answer: async (context, request): Promise<Answer> => {
    const { name, place } = await labelled(context, request);
    const body = `${place === null ? '' : `<p>${escaped(place)}</p>`}<p>Something is wrong with it? Tell the people of the house, and name it so.</p>`;
    return { headers: { ...UNLISTED, 'Content-Type': HTML, 'Content-Security-Policy': NO_SCRIPT }, body: smallPage(name, body) };
  },
};

/** What the token of the path shows. Errors: ProblemError `not_found` for one that is good for nothing, and `limited` after many of these from one network. */
async function labelled(context: LabelsContext, request: RouteRequest): Promise<LabelledAsset> {
  const read = assetLinks(context.hmac).read(request.params.token ?? '');
  const { result } = read ? await reading(context, assets, request, ({ one }) => one(read.asset)) : { result: undefined };
  const asset = result?.document as AssetDocument | null | undefined;
  if (!asset || !read?.isLink(asset.link) || asset.state === 'retired') {
    await context.limits.consume('code-tries', networkOf(request.ip));
    throw new ProblemError('not_found', 'This link is not good, or not any more: the label it stands on is an old one.');
  }
  const named = await namesOf(context, request, [asset.place]);
  return { name: asset.name, place: named(asset.place) };
}

export const labelRoutes: readonly RouteWith<LabelsContext>[] = [getLink, getQr, getSheet, byLink, linkPage];
