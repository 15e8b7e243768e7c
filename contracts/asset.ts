/**
 * Asset: a thing at a site that is looked after. Events, commands, views, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove. What is said of an asset is the site's and no person's, but the reason
 * of a downtime, which is its author's.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { assetValues, assetValuesAsSent } from './asset-kind.ts';
import { id, instant, line, prose } from './fields.ts';
import { personal } from './personal.ts';
import { rolesAt, SITE_ROLES, type SiteRole } from './post.ts';
import { topicsAtSite } from './site.ts';
import { typedLine, typedProse } from './typed-text.ts';

export const ASSET_STATES = ['in-service', 'out-of-service', 'retired'] as const;
const assetState = z.enum(ASSET_STATES);
export type AssetStatus = z.infer<typeof assetState>;

const texts = (text: typeof line) => ({
  kind: text(1, 50),
  name: text(1, 100),
  serialNumber: text(1, 100),
  code: text(1, 50),
  labels: z.array(text(1, 50)).max(20, 'at most 20 labels'),
});
const { kind, name, serialNumber, code, labels } = texts(line);
const typed = { ...texts(typedLine), fields: assetValuesAsSent };
const site = id.describe('The site.');
const place = id.nullable();
const downtime = id.describe('The downtime.');

const AssetRegistered = z.strictObject({
  site,
  kind: kind.describe('What it is, as the site calls it.'),
  name: name.describe('Its name.'),
  serialNumber: serialNumber.nullable().describe('The maker’s number, which no other asset of the site has; null where none is known.'),
  code: code.nullable().describe('The site’s own number, which no other asset of the site has; null for none.'),
  place: place.describe('The place in which it is; null where none is named.'),
  labels: labels.describe('Words to find it by.'),
  fields: assetValues.describe('The values of the fields of its kind.'),
});
const AssetEdited = z.strictObject({
  kind: kind.optional().describe('What it is now; missing where that stays.'),
  name: name.optional().describe('The new name; missing where it stays.'),
  serialNumber: serialNumber.nullable().optional().describe('The new number of its maker; null takes it away; missing where it stays.'),
  code: code.nullable().optional().describe('The new number of the site; null takes it away; missing where it stays.'),
  labels: labels.optional().describe('All labels it has now; missing where they stay.'),
  fields: assetValues.optional().describe('The values of all fields; missing where they stay.'),
});
const AssetMoved = z.strictObject({
  from: place.describe('The place in which it was; null where none was named.'),
  to: place.describe('The place in which it is now; null where none is named.'),
});
const DowntimeBegan = z.strictObject({
  downtime,
  reason: personal(prose(1, 1_000), 'author').describe('Why it is out of service.'),
});
const DowntimeEnded = z.strictObject({ downtime });
const AssetRetired = z.strictObject({});
const AssetLinkRenewed = z.strictObject({
  link: z.int().positive().describe('The number of its link from now on; it is 0 before the first renewal.'),
});
const AssetAbandoned = z.strictObject({});
const AssetChangeAbandoned = z.strictObject({});

export type AssetEvent =
  | DecidedEvent<'AssetRegistered', z.infer<typeof AssetRegistered>>
  | DecidedEvent<'AssetEdited', z.infer<typeof AssetEdited>>
  | DecidedEvent<'AssetMoved', z.infer<typeof AssetMoved>>
  | DecidedEvent<'DowntimeBegan', z.infer<typeof DowntimeBegan>>
  | DecidedEvent<'DowntimeEnded', z.infer<typeof DowntimeEnded>>
  | DecidedEvent<'AssetRetired', z.infer<typeof AssetRetired>>
  | DecidedEvent<'AssetLinkRenewed', z.infer<typeof AssetLinkRenewed>>
  | DecidedEvent<'AssetAbandoned', z.infer<typeof AssetAbandoned>>
  | DecidedEvent<'AssetChangeAbandoned', z.infer<typeof AssetChangeAbandoned>>;

const RegisterAsset = z.strictObject({
  site: id,
  kind: typed.kind,
  name: typed.name,
  serialNumber: typed.serialNumber.nullable().optional(),
  code: typed.code.nullable().optional(),
  place: place.optional(),
  labels: typed.labels.optional(),
  fields: typed.fields.optional(),
});
const EditAsset = RegisterAsset.omit({ site: true, place: true }).partial();
const MoveAsset = z.strictObject({ place });
const BeginDowntime = z.strictObject({ reason: typedProse(1, 1_000) });

export type AssetCommand =
  | Command<'RegisterAsset', z.infer<typeof RegisterAsset>>
  | Command<'EditAsset', z.infer<typeof EditAsset>>
  | Command<'MoveAsset', z.infer<typeof MoveAsset>>
  | Command<'BeginDowntime', z.infer<typeof BeginDowntime>>
  | Command<'EndDowntime', null>
  | Command<'RetireAsset', null>
  | Command<'RenewAssetLink', null>;

/** The roles that somebody has at an asset's site: admins have all. */
export function rolesAtAsset(actor: Parameters<typeof rolesAt>[0], assetSite: string): readonly SiteRole[] {
  return actor.role === 'admin' || actor.role === 'system' ? SITE_ROLES : rolesAt(actor, assetSite);
}

/** The topics of an asset's event: each role at its site. An asset that was never registered is at none. */
export function assetTopics(assetSite: string): string[] {
  return assetSite === '' ? [] : topicsAtSite(assetSite);
}

const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const BUILDING = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08';
const DOWNTIME = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0b';
const LIFT = {
  ...{ site: SITE, kind: 'Lift', name: 'Lift of house A', serialNumber: 'KN-4711', code: 'A-01', place: BUILDING },
  ...{ labels: ['inspected'], fields: [{ name: 'persons', value: 8 }] },
};

export const assetContract = aggregate({
  category: 'asset',
  topics: {},
  events: {
    AssetRegistered: { begins: true, schema: AssetRegistered, version: 1, summary: 'A site has another asset.', example: LIFT },
    AssetEdited: {
      schema: AssetEdited,
      version: 1,
      summary: 'An asset has another name, kind, number, labels or values; only what changed is named.',
      example: { name: 'Lift of house A, left' },
    },
    AssetMoved: { schema: AssetMoved, version: 1, summary: 'An asset is in another place of its site.', example: { from: BUILDING, to: null } },
    DowntimeBegan: {
      schema: DowntimeBegan,
      version: 1,
      summary: 'An asset is out of service.',
      example: { downtime: DOWNTIME, reason: 'The doors do not close.' },
    },
    DowntimeEnded: {
      schema: DowntimeEnded,
      version: 1,
      summary: 'An asset is out of service no more: it is in service again, or retired.',
      example: { downtime: DOWNTIME },
    },
    AssetRetired: { schema: AssetRetired, version: 1, summary: 'An asset is in use no more, for good.', example: {} },
    AssetLinkRenewed: {
      schema: AssetLinkRenewed,
      version: 1,
      summary: 'The label of an asset has another link, and the one before has ended.',
      example: { link: 1 },
    },
    AssetAbandoned: {
      begins: true,
      schema: AssetAbandoned,
      version: 1,
      summary: 'A registration that reserved a serial number or a code and never finished was closed by the next one who wants it.',
      example: {},
    },
    AssetChangeAbandoned: {
      schema: AssetChangeAbandoned,
      version: 1,
      summary: 'A change that reserved a serial number or a code and never finished was closed by the next one who wants it.',
      example: {},
    },
  },
  commands: {
    RegisterAsset: {
      method: 'POST',
      path: '/api/assets',
      body: RegisterAsset,
      who: 'user',
      summary:
        'Register an asset, as staff of its site or an admin. Its kind is one that the site has; its serial number and its code are unique there.',
      example: LIFT,
    },
    EditAsset: {
      method: 'PATCH',
      path: '/api/assets/:id',
      body: EditAsset,
      who: 'user',
      summary: 'Change an asset, as staff of its site or an admin. Labels and values are sent as a whole.',
      example: { name: 'Lift of house A, left' },
    },
    MoveAsset: {
      method: 'PUT',
      path: '/api/assets/:id/place',
      body: MoveAsset,
      who: 'user',
      summary: 'Say in which place of its site an asset is (null: in none that is named), as staff of the site or an admin.',
      example: { place: null },
    },
    BeginDowntime: {
      method: 'POST',
      path: '/api/assets/:id/downtime',
      body: BeginDowntime,
      makes: 'downtime',
      who: 'user',
      summary: 'Say that an asset is out of service, and why, as staff or maintenance of its site or an admin.',
      example: { reason: 'The doors do not close.' },
    },
    EndDowntime: {
      method: 'DELETE',
      path: '/api/assets/:id/downtime',
      body: null,
      who: 'user',
      summary: 'Say that an asset is in service again, as staff or maintenance of its site or an admin.',
      example: null,
    },
    RetireAsset: {
      method: 'POST',
      path: '/api/assets/:id/retire',
      body: null,
      who: 'user',
      summary:
        'Say that an asset is in use no more, as staff of its site or an admin. It stays in lists, and changes no more; its numbers stay taken.',
      example: null,
    },
    RenewAssetLink: {
      method: 'POST',
      path: '/api/assets/:id/link',
      body: null,
      who: 'user',
      summary:
        'Give an asset another link for its label, as staff of its site or an admin: the one before ends, and its label is to be printed anew.',
      example: null,
    },
  },
});

/** What a resident sees of an asset that lies in the own unit, or in what that lies in. */
export const assetGlimpse = z.strictObject({ id, site, name, place: place.describe('The place in which it is; null where none is named.') });
export type AssetGlimpse = z.infer<typeof assetGlimpse>;

/** An asset, as `GET /api/assets` shows it to who works at its site. */
export const assetView = AssetRegistered.extend({ id, state: assetState, createdAt: instant, revision: z.int().nonnegative() });
export type AssetView = z.infer<typeof assetView>;

/** A time for which an asset is or was out of service. */
export const downtimeView = z.strictObject({
  id: downtime,
  from: instant,
  until: instant.nullable().describe('The end; null while it is out of service.'),
  reason: z.string(),
  by: z.string().describe('Who said so.'),
});
export type DowntimeView = z.infer<typeof downtimeView>;

/** What whoever scans the label of an asset learns of it. */
export const labelledAssetView = z.strictObject({ name, place: z.string().nullable().describe('The name of its place; null where none is named.') });
export type LabelledAsset = z.infer<typeof labelledAssetView>;
