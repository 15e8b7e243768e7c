/**
 * Site: a place of work with its buildings, floors, units and places, and who lives in which unit. Events, commands, topics, views, an example of each.
 * Names and shapes of events are storage formats: add, never rename or remove. A resident is a user's id: no event of a site names a person.
 */
import { z } from 'zod';
import { aggregate, type Command, type DecidedEvent } from './aggregate.ts';
import { assetKinds, assetKindsAsSent } from './asset-kind.ts';
import { id, instant, line } from './fields.ts';
import { holidays, openingHours } from './opening-hours.ts';
import { postsOf, rolesAt, SITE_ROLES, siteRole } from './post.ts';
import { timeZoneAsSent } from './time-zone.ts';
import { typedLine } from './typed-text.ts';

/** The kinds of places, from the outside to the inside: a place lies in one of a kind before its own, or in the site itself; a `place` also in a `place`. */
export const PLACE_KINDS = ['building', 'floor', 'unit', 'place'] as const;
const placeKind = z.enum(PLACE_KINDS);
export type PlaceKind = z.infer<typeof placeKind>;

/** A place and those in which it lies, the innermost first, by what says where each lies. A place is met once, whatever a tree that is read while it changes looks like. */
export function waysUp(place: string, parentOf: (id: string) => string | null | undefined): string[] {
  const ways = new Set<string>();
  for (let at: string | null = place; at !== null && !ways.has(at); at = parentOf(at) ?? null) ways.add(at);
  return [...ways];
}

const name = line(1, 100);
const address = line(1, 300);
const placeId = id.describe('The place.');
const unit = id.describe('The unit.');
const userId = id.describe('The user who lives there.');
const residency = id.describe('The stretch of living there.');
const parent = id.nullable();
const timeZone = z.string();

const SiteAdded = z.strictObject({
  name: name.describe('The name of the site.'),
  address: address.describe('Where it is, in one line.'),
  timeZone: timeZone.describe('The time zone by its IANA name, as `Europe/Berlin`.'),
  hours: openingHours.describe('The opening hours of a week, in that zone; empty: none are kept.'),
  holidays: holidays.describe('The days on which it is closed.'),
});
const SiteEdited = z.strictObject({
  name: name.optional().describe('The new name; missing where it stays.'),
  address: address.optional().describe('The new address; missing where it stays.'),
  timeZone: timeZone.optional().describe('The new time zone; missing where it stays.'),
  hours: openingHours.optional().describe('The new hours, all of them; missing where they stay.'),
  holidays: holidays.optional().describe('The new closed days, all of them; missing where they stay.'),
});
const SiteRemoved = z.strictObject({});
const PlaceAdded = z.strictObject({
  placeId,
  kind: placeKind.describe('What it is.'),
  name: name.describe('Its name.'),
  parent: parent.describe('The place in which it lies; null: the site itself.'),
});
const PlaceRenamed = z.strictObject({ placeId, name: name.describe('The new name.') });
const PlaceMoved = z.strictObject({
  placeId,
  from: parent.describe('The place in which it lay; null: the site itself.'),
  to: parent.describe('The place in which it lies now, with all that is in it; null: the site itself.'),
});
const PlaceRemoved = z.strictObject({ placeId });
const ResidentMovedIn = z.strictObject({ residency, unit, userId, from: instant.describe('From when on.') });
const AssetKindsSet = z.strictObject({ kinds: assetKinds.describe('All kinds of assets of the site from now on, each with its fields.') });
const ResidentMovedOut = z.strictObject({ residency, unit, userId, until: instant.describe('Until when; from then on they live there no more.') });

export type SiteEvent =
  | DecidedEvent<'SiteAdded', z.infer<typeof SiteAdded>>
  | DecidedEvent<'SiteEdited', z.infer<typeof SiteEdited>>
  | DecidedEvent<'SiteRemoved', z.infer<typeof SiteRemoved>>
  | DecidedEvent<'PlaceAdded', z.infer<typeof PlaceAdded>>
  | DecidedEvent<'PlaceRenamed', z.infer<typeof PlaceRenamed>>
  | DecidedEvent<'PlaceMoved', z.infer<typeof PlaceMoved>>
  | DecidedEvent<'PlaceRemoved', z.infer<typeof PlaceRemoved>>
  | DecidedEvent<'ResidentMovedIn', z.infer<typeof ResidentMovedIn>>
  | DecidedEvent<'ResidentMovedOut', z.infer<typeof ResidentMovedOut>>
  | DecidedEvent<'AssetKindsSet', z.infer<typeof AssetKindsSet>>;

const typedName = typedLine(1, 100);
const AddSite = z.strictObject({
  name: typedName,
  address: typedLine(1, 300),
  timeZone: timeZoneAsSent,
  hours: openingHours.optional(),
  holidays: holidays.optional(),
});
const EditSite = AddSite.partial();
const AddPlace = z.strictObject({ kind: placeKind, name: typedName, parent: parent.optional() });
const EditPlace = z.strictObject({ name: typedName.optional(), parent: parent.optional() });
const MoveIn = z.strictObject({ unit: id, userId: id, from: instant.optional() });
const SetAssetKinds = z.strictObject({ kinds: assetKindsAsSent });
const MoveOut = z.strictObject({ until: instant.optional() });

export type SiteCommand =
  | Command<'AddSite', z.infer<typeof AddSite>>
  | Command<'EditSite', z.infer<typeof EditSite>>
  | Command<'RemoveSite', null>
  | Command<'AddPlace', z.infer<typeof AddPlace>>
  | Command<'EditPlace', z.infer<typeof EditPlace> & { place: string }>
  | Command<'RemovePlace', { place: string }>
  | Command<'MoveIn', z.infer<typeof MoveIn>>
  | Command<'MoveOut', z.infer<typeof MoveOut> & { residency: string }>
  | Command<'SetAssetKinds', z.infer<typeof SetAssetKinds>>;

/** The topic of all sites. */
const SITES = 'sites';

/** The topics of what happens at a site: each role there. */
export function topicsAtSite(siteId: string): string[] {
  return SITE_ROLES.map((role) => `site:${siteId}:${role}`);
}

/** The topics of a site's event: all sites, each role at this one, and the resident whom it is about. */
export function siteTopics(siteId: string, { data }: SiteEvent): string[] {
  const about = 'userId' in data ? [`user:${data.userId}`] : [];
  return [SITES, ...topicsAtSite(siteId), ...about];
}

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const BUILDING = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e08';
const UNIT = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09';
const RESIDENCY = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0a';
const BERLIN = {
  name: 'Linden Court',
  address: 'Lindenstraße 12, 10969 Berlin',
  timeZone: 'Europe/Berlin',
  hours: [{ day: 'monday' as const, opens: '08:00', closes: '18:00' }],
  holidays: ['2027-12-25'],
};
const LIFTS = [
  {
    kind: 'Lift',
    fields: [
      { name: 'persons', type: 'number' as const },
      { name: 'drive', type: 'choice' as const, choices: ['rope', 'hydraulic'] },
    ],
  },
];
const siteName = z.string().regex(new RegExp(`^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:(?:${SITE_ROLES.join('|')})$`));

export const siteContract = aggregate({
  category: 'site',
  topics: {
    [SITES]: {
      of: 'all',
      tells: 'every event of every site',
      followers: 'who works at all sites',
      mayFollow: (caller) => postsOf(caller).some(({ sites }) => sites.length === 0),
    },
    site: {
      of: 'one',
      tells:
        'every event of one site, of its assets and of its repair requests, for those who have the role there; for `staff` and `customer-service` of its complaints, too',
      followers: 'who has the role there',
      mayFollow: (caller, named) => {
        const [site = '', role = ''] = named.split(':');
        return rolesAt(caller, site).some((one) => one === role);
      },
      name: { placeholder: '<id>:<role>', schema: siteName },
    },
  },
  events: {
    SiteAdded: { begins: true, schema: SiteAdded, version: 1, summary: 'There is a site.', example: BERLIN },
    SiteEdited: {
      schema: SiteEdited,
      version: 1,
      summary: 'A site has another name, address, time zone, hours or closed days; only what changed is named.',
      example: { name: 'Linden Court West' },
    },
    SiteRemoved: { schema: SiteRemoved, version: 1, summary: 'A site is there no more; it was empty.', example: {} },
    PlaceAdded: {
      schema: PlaceAdded,
      version: 1,
      summary: 'A site has another building, floor, unit or place.',
      example: { placeId: UNIT, kind: 'unit', name: 'Flat 3', parent: BUILDING },
    },
    PlaceRenamed: { schema: PlaceRenamed, version: 1, summary: 'A place has another name.', example: { placeId: UNIT, name: 'Flat 3 left' } },
    PlaceMoved: {
      schema: PlaceMoved,
      version: 1,
      summary: 'A place lies elsewhere in its site, with all that is in it.',
      example: { placeId: UNIT, from: BUILDING, to: null },
    },
    PlaceRemoved: { schema: PlaceRemoved, version: 1, summary: 'A place is there no more; it was empty.', example: { placeId: UNIT } },
    ResidentMovedIn: {
      schema: ResidentMovedIn,
      version: 1,
      summary: 'Somebody lives in a unit.',
      example: { residency: RESIDENCY, unit: UNIT, userId: ALICE, from: '2027-01-31T09:00:00.000Z' },
    },
    ResidentMovedOut: {
      schema: ResidentMovedOut,
      version: 1,
      summary: 'Somebody lives in a unit until a time; the last one counts.',
      example: { residency: RESIDENCY, unit: UNIT, userId: ALICE, until: '2028-01-31T09:00:00.000Z' },
    },
    AssetKindsSet: {
      schema: AssetKindsSet,
      version: 1,
      summary: 'A site has other kinds of assets, or other fields of them.',
      example: { kinds: LIFTS },
    },
  },
  commands: {
    AddSite: {
      method: 'POST',
      path: '/api/sites',
      body: AddSite,
      who: ['admin'],
      summary: 'Add a site. Without hours none are kept; without holidays it is closed on no day.',
      example: BERLIN,
    },
    EditSite: {
      method: 'PATCH',
      path: '/api/sites/:id',
      body: EditSite,
      who: 'user',
      summary: 'Change a site, as its staff or an admin. Hours and holidays are sent as a whole.',
      example: { name: 'Linden Court West' },
    },
    RemoveSite: { method: 'DELETE', path: '/api/sites/:id', body: null, who: ['admin'], summary: 'Remove a site that has no places.', example: null },
    AddPlace: {
      method: 'POST',
      path: '/api/sites/:id/places',
      body: AddPlace,
      makes: 'place',
      who: 'user',
      summary: 'Add a building, floor, unit or place, as staff of the site or an admin. Without a parent it lies in the site itself.',
      example: { kind: 'building', name: 'House A' },
    },
    EditPlace: {
      method: 'PATCH',
      path: '/api/sites/:id/places/:place',
      body: EditPlace,
      parameters: ['place'],
      who: 'user',
      summary: 'Rename a place, or move it with all that is in it, as staff of the site or an admin.',
      example: { name: 'House B' },
    },
    RemovePlace: {
      method: 'DELETE',
      path: '/api/sites/:id/places/:place',
      body: null,
      parameters: ['place'],
      who: 'user',
      summary: 'Remove a place in which nothing lies and nobody lives, as staff of the site or an admin.',
      example: null,
    },
    MoveIn: {
      method: 'POST',
      path: '/api/sites/:id/residents',
      body: MoveIn,
      makes: 'residency',
      who: 'user',
      summary: 'Say that a user lives in a unit, from a time (now if nothing is said) on, as staff of the site or an admin.',
      example: { unit: UNIT, userId: ALICE },
    },
    MoveOut: {
      method: 'PUT',
      path: '/api/sites/:id/residents/:residency/end',
      body: MoveOut,
      parameters: ['residency'],
      who: 'user',
      summary: 'Say until when a resident lives in a unit (now if nothing is said), as staff of the site or an admin.',
      example: {},
    },
    SetAssetKinds: {
      method: 'PUT',
      path: '/api/sites/:id/asset-kinds',
      body: SetAssetKinds,
      who: 'user',
      summary: 'Set which kinds of assets a site has, and which fields each, all of them, as its staff or an admin. What assets have stays as it is.',
      example: { kinds: LIFTS },
    },
  },
});

/** A site, as `GET /api/sites` and `GET /api/sites/:id` show it. */
export const siteView = SiteAdded.extend({
  id,
  createdAt: instant,
  revision: z.int().nonnegative(),
  roles: z.array(siteRole).describe('The roles that the caller has there.'),
});
export type SiteView = z.infer<typeof siteView>;

/** A place, as `GET /api/sites/:id/places` shows it. */
export const placeView = z.strictObject({
  id,
  kind: placeKind,
  name,
  parent: parent.describe('The place in which it lies; null: the site itself.'),
});
export type PlaceView = z.infer<typeof placeView>;

/** Somebody who lives in a unit, as `GET /api/sites/:id/residents` shows it. */
export const residentView = z.strictObject({
  id: id.describe('The stretch of living there: what ends it names this.'),
  unit,
  userId,
  from: instant,
  until: instant.nullable().describe('The end; null where none is known.'),
});
export type ResidentView = z.infer<typeof residentView>;

/** Somebody who works at a site, as `GET /api/sites/:id/staff` shows it. */
export const workerView = z.strictObject({ userId: id, roles: z.array(siteRole).describe('The roles that they have there.') });
export type WorkerView = z.infer<typeof workerView>;

/** What somebody may do at which sites, as `GET /api/users/:id/posts` shows it. */
export const postsView = z.strictObject({
  posts: z
    .array(z.strictObject({ role: siteRole, sites: z.array(id) }))
    .describe('Each role with its sites, an empty list meaning all; the role of the account is among them.'),
  revision: z.int().nonnegative(),
});

/** The kinds of assets of a site, as `GET /api/sites/:id/asset-kinds` shows them. */
export const assetKindsView = z.strictObject({ kinds: assetKinds, revision: z.int().nonnegative() });
