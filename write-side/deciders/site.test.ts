import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { PLACE_KINDS, type SiteCommand, type SiteEvent, siteContract } from '../../contracts/site.ts';
import { stableId } from '../../platform/stable-id.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { site } from './site.ts';
import type { SiteState } from './site-state.ts';

const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const { example } = siteContract.events.SiteAdded;
const added: SiteEvent = { type: 'SiteAdded', data: example };
const HOUSE = stableId('house');
const FLOOR = stableId('floor');
const FLAT = stableId('flat');
const ROOM = stableId('room');
const CUPBOARD = stableId('cupboard');
const place = (placeId: string, kind: (typeof PLACE_KINDS)[number], parent: string | null): SiteEvent => ({
  type: 'PlaceAdded',
  data: { placeId, kind, name: kind, parent },
});
const tree = [
  ...[added, place(HOUSE, 'building', null), place(FLOOR, 'floor', HOUSE), place(FLAT, 'unit', FLOOR)],
  ...[place(ROOM, 'place', FLAT), place(CUPBOARD, 'place', ROOM)],
];
const ask = (type: SiteCommand['type'], data: unknown = null, actor: Actor = ADMIN) => command<SiteCommand>(type, data, { id: SITE, actor });
const staffHere: Actor = { ...BOB, posts: [{ role: 'staff', sites: [SITE] }] };
const staffElsewhere: Actor = { ...BOB, posts: [{ role: 'staff', sites: [HOUSE] }] };
const guardHere: Actor = { ...BOB, posts: [{ role: 'security', sites: [] }] };
const made = (what: string) => stableId(ask('AddSite').commandId, what);

describe('a site', () => {
  it('is added with hours and holidays, or without', () => {
    const { hours: _, holidays: __, ...bare } = example;
    given(site).when(ask('AddSite', example)).then(added);
    given(site)
      .when(ask('AddSite', bare))
      .then({ type: 'SiteAdded', data: { ...bare, hours: [], holidays: [] } });
  });
  it('changes in what is another than before', () => {
    given(site, added)
      .when(ask('EditSite', { name: 'West', address: example.address }))
      .then({ type: 'SiteEdited', data: { name: 'West' } });
    given(site, added)
      .when(ask('EditSite', { hours: example.hours }))
      .then();
  });
  it('has the kinds of assets that were set last, which its staff sets', () => {
    const { kinds } = siteContract.events.AssetKindsSet.example;
    const set: SiteEvent = { type: 'AssetKindsSet', data: { kinds } };
    given(site, added)
      .when(ask('SetAssetKinds', { kinds }, staffHere))
      .then(set);
    given(site, added, set).when(ask('SetAssetKinds', { kinds })).then();
    given(site, added, set)
      .when(ask('SetAssetKinds', { kinds: [] }))
      .then({ type: 'AssetKindsSet', data: { kinds: [] } });
    given(site, added)
      .when(ask('SetAssetKinds', { kinds }, guardHere))
      .refuses('forbidden');
  });
  it('is removed once it has no places, and is there no more', () => {
    given(site, ...tree)
      .when(ask('RemoveSite'))
      .refuses('conflict');
    given(site, added).when(ask('RemoveSite')).then({ type: 'SiteRemoved', data: {} });
    given(site, added, { type: 'SiteRemoved', data: {} })
      .when(ask('EditSite', { name: 'West' }))
      .refuses('not_found');
    given(site, added, { type: 'SiteRemoved', data: {} }).when(ask('AddSite', example)).refuses('conflict');
  });
  it('is changed by its staff and by admins; who works there otherwise knows of it, and nobody else does', () => {
    const renamed: SiteEvent = { type: 'SiteEdited', data: { name: 'West' } };
    for (const actor of [ADMIN, staffHere, { ...BOB, role: 'staff' } as const])
      given(site, added)
        .when(ask('EditSite', { name: 'West' }, actor))
        .then(renamed);
    given(site, added)
      .when(ask('EditSite', { name: 'West' }, guardHere))
      .refuses('forbidden');
    for (const actor of [ALICE, staffElsewhere, { ...staffElsewhere, role: 'staff' } as const])
      given(site, added)
        .when(ask('EditSite', { name: 'West' }, actor))
        .refuses('not_found');
  });
  it('is heard of by each role there, and by the resident whom it is about', () => {
    const moved: SiteEvent = { type: 'ResidentMovedIn', data: { residency: ROOM, unit: FLAT, userId: ALICE.id, from: NOW } };
    const state = [...tree, moved].reduce(site.evolve, site.initial);
    const topics = site.topics(`site-${SITE}`, { before: site.initial, event: moved, after: state, facts: {} });
    expect(topics).toEqual(expect.arrayContaining(['sites', `site:${SITE}:security`, `user:${ALICE.id}`]));
  });
});

describe('a place', () => {
  it('lies in one of a kind before its own, or in the site', () => {
    const placeId = made('place');
    const add = (data: object) => given(site, ...tree).when(ask('AddPlace', data));
    add({ kind: 'building', name: 'B' }).then({ type: 'PlaceAdded', data: { placeId, kind: 'building', name: 'B', parent: null } });
    add({ kind: 'unit', name: '4', parent: HOUSE }).then({ type: 'PlaceAdded', data: { placeId, kind: 'unit', name: '4', parent: HOUSE } });
    add({ kind: 'place', name: 'Box', parent: CUPBOARD }).then({
      type: 'PlaceAdded',
      data: { placeId, kind: 'place', name: 'Box', parent: CUPBOARD },
    });
    add({ kind: 'building', name: 'B', parent: HOUSE }).refuses('invalid', '/parent');
    add({ kind: 'floor', name: '2', parent: FLAT }).refuses('invalid', '/parent');
  });
  it('of another site is none of this one', () => {
    given(site, added)
      .when(ask('AddPlace', { kind: 'unit', name: '4', parent: HOUSE }))
      .refuses('invalid', '/parent');
    given(site, added)
      .when(ask('EditPlace', { place: HOUSE, name: 'B' }))
      .refuses('not_found');
    given(site, added)
      .when(ask('RemovePlace', { place: HOUSE }))
      .refuses('not_found');
  });
  it('is renamed and moved at once, with events of what changed', () => {
    const renamed: SiteEvent = { type: 'PlaceRenamed', data: { placeId: ROOM, name: 'Hall' } };
    const moved: SiteEvent = { type: 'PlaceMoved', data: { placeId: ROOM, from: FLAT, to: HOUSE } };
    given(site, ...tree)
      .when(ask('EditPlace', { place: ROOM, name: 'Hall', parent: HOUSE }))
      .then(renamed, moved);
    given(site, ...tree)
      .when(ask('EditPlace', { place: ROOM, name: 'place', parent: FLAT }))
      .then();
  });
  it('never lies in itself', () => {
    given(site, ...tree)
      .when(ask('EditPlace', { place: ROOM, parent: ROOM }))
      .refuses('invalid', '/parent');
    given(site, ...tree)
      .when(ask('EditPlace', { place: ROOM, parent: CUPBOARD }))
      .refuses('invalid', '/parent');
  });
  it('lies ten deep at most, with all that lies in it where it is moved', () => {
    const chain = (name: string, length: number) =>
      Array.from({ length }, (_, n) => place(stableId(name, String(n)), 'place', n === 0 ? null : stableId(name, String(n - 1))));
    const [deep, short] = [chain('deep', 9), chain('short', 2)];
    const move = (parent: string) => given(site, added, ...deep, ...short).when(ask('EditPlace', { place: stableId('short', '0'), parent }));
    move(stableId('deep', '8')).refuses('invalid', '/parent');
    const fits = stableId('deep', '7');
    move(fits).then({ type: 'PlaceMoved', data: { placeId: stableId('short', '0'), from: null, to: fits } });
    given(site, added, ...chain('deep', 10))
      .when(ask('AddPlace', { kind: 'place', name: 'Box', parent: stableId('deep', '9') }))
      .refuses('invalid', '/parent');
  });
  it('is removed when it is empty: nothing lies in it, and nobody lives there now or later', () => {
    const lives: SiteEvent = {
      type: 'ResidentMovedIn',
      data: { residency: stableId('r'), unit: FLAT, userId: ALICE.id, from: '2026-01-01T00:00:00.000Z' },
    };
    const left = (until: string): SiteEvent => ({ type: 'ResidentMovedOut', data: { ...lives.data, until } as never });
    const empty = [...tree, { type: 'PlaceRemoved', data: { placeId: CUPBOARD } }, { type: 'PlaceRemoved', data: { placeId: ROOM } }] as SiteEvent[];
    const removed: SiteEvent = { type: 'PlaceRemoved', data: { placeId: FLAT } };
    given(site, ...tree)
      .when(ask('RemovePlace', { place: FLAT }))
      .refuses('conflict');
    given(site, ...empty)
      .when(ask('RemovePlace', { place: FLAT }))
      .then(removed);
    given(site, ...empty, lives)
      .when(ask('RemovePlace', { place: FLAT }))
      .refuses('conflict');
    given(site, ...empty, lives, left('2027-01-01T00:00:00.000Z'))
      .when(ask('RemovePlace', { place: FLAT }))
      .refuses('conflict');
    given(site, ...empty, lives, left(NOW))
      .when(ask('RemovePlace', { place: FLAT }))
      .then(removed);
  });

  it('whatever is asked for, lies in a tree: parents are there, of a kind before, and there is no circle', () => {
    const ids = [1, 2, 3, 4, 5].map((n) => stableId('place', String(n)));
    const anyId = fc.constantFrom(...ids);
    const parent = fc.option(anyId, { nil: null });
    const asked = fc.oneof(
      fc.record({
        type: fc.constant('AddPlace' as const),
        as: anyId,
        data: fc.record({ kind: fc.constantFrom(...PLACE_KINDS, 'place' as const), name: fc.constant('a'), parent }),
      }),
      fc.record({ type: fc.constant('EditPlace' as const), data: fc.record({ place: anyId, parent }) }),
      fc.record({ type: fc.constant('RemovePlace' as const), data: fc.record({ place: anyId }) }),
    );
    let moves = 0;
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 40, size: 'max' }), (all) => {
        let state: SiteState = site.evolve(site.initial, added);
        for (const one of all) {
          const decided = site.decide(ask(one.type, one.data), state, {});
          const events = ('refused' in decided ? [] : decided).map((event) =>
            'as' in one && event.type === 'PlaceAdded' ? { ...event, data: { ...event.data, placeId: one.as } } : event,
          );
          // A new place gets an id of few, so that later commands meet it; ids that are taken are left out.
          if (events.some((event) => event.type === 'PlaceAdded' && state.places[event.data.placeId])) continue;
          moves += events.filter(({ type }) => type === 'PlaceMoved').length;
          state = events.reduce(site.evolve, state);
          expectTree(state);
        }
      }),
      { numRuns: 300 },
    );
    expect(moves).toBeGreaterThan(0);
  });
});

function expectTree({ places }: SiteState): void {
  for (const [placeId, { kind, parent }] of Object.entries(places)) {
    const outer = parent === null ? undefined : places[parent];
    if (parent !== null) expect(outer, 'a parent is there').toBeDefined();
    if (outer) expect(PLACE_KINDS.indexOf(outer.kind)).toBeLessThanOrEqual(PLACE_KINDS.indexOf(kind));
    let steps = 0;
    for (let at: string | null = placeId; at !== null; at = places[at]?.parent ?? null) expect(steps++).toBeLessThan(10);
  }
}
