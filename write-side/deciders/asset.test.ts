import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { type AssetCommand, type AssetEvent, assetContract } from '../../contracts/asset.ts';
import { type SiteEvent, siteContract } from '../../contracts/site.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { Facts } from '../decider.ts';
import { ADMIN, ALICE, BOB, command, given } from '../spec.fixture.ts';
import { asset } from './asset.ts';
import type { AssetState } from './asset-state.ts';
import { site } from './site.ts';

const LIFT = assetContract.events.AssetRegistered.example;
const SITE = LIFT.site;
const FLAT = stableId('flat');
const kindsSet = (kinds: Extract<SiteEvent, { type: 'AssetKindsSet' }>['data']['kinds']): SiteEvent => ({ type: 'AssetKindsSet', data: { kinds } });
const KINDS = [
  ...siteContract.events.AssetKindsSet.example.kinds,
  {
    kind: 'Lamp',
    fields: [
      { name: 'watts', type: 'number' as const },
      { name: 'bought', type: 'date' as const },
      { name: 'maker', type: 'text' as const },
    ],
  },
];
const siteOf = (...more: SiteEvent[]): Facts => {
  const events: SiteEvent[] = [
    { type: 'SiteAdded', data: siteContract.events.SiteAdded.example },
    { type: 'PlaceAdded', data: { placeId: LIFT.place, kind: 'building', name: 'House A', parent: null } },
    { type: 'PlaceAdded', data: { placeId: FLAT, kind: 'unit', name: 'Flat 3', parent: LIFT.place } },
    kindsSet(KINDS),
  ];
  return { site: [...events, ...more].reduce(site.evolve, site.initial) };
};
const AT_SITE = siteOf();
const registered: AssetEvent = { type: 'AssetRegistered', data: LIFT };
const retired: AssetEvent = { type: 'AssetRetired', data: {} };
const DOWNTIME = stableId(command('BeginDowntime', null).commandId, 'downtime');
const down: AssetEvent = { type: 'DowntimeBegan', data: { downtime: DOWNTIME, reason: 'The doors do not close.' } };
const up: AssetEvent = { type: 'DowntimeEnded', data: { downtime: DOWNTIME } };
const ask = (type: AssetCommand['type'], data: unknown = null, actor: Actor = ADMIN) => command<AssetCommand>(type, data, { actor });
const worksAs = (role: 'staff' | 'security' | 'maintenance' | 'customer-service', at = SITE): Actor => ({ ...BOB, posts: [{ role, sites: [at] }] });

describe('an asset', () => {
  it('is registered with all that is said of it, or with kind and name alone', () => {
    given(asset).when(ask('RegisterAsset', LIFT), AT_SITE).then(registered);
    given(asset)
      .when(ask('RegisterAsset', { site: SITE, kind: 'Lift', name: 'Lift' }), AT_SITE)
      .then({
        type: 'AssetRegistered',
        data: { site: SITE, kind: 'Lift', name: 'Lift', serialNumber: null, code: null, place: null, labels: [], fields: [] },
      });
    given(asset, registered).when(ask('RegisterAsset', LIFT), AT_SITE).refuses('conflict');
  });
  it('is of a kind that its site has, in a place of its site, at a site that is there', () => {
    given(asset)
      .when(ask('RegisterAsset', { ...LIFT, kind: 'Boiler' }), AT_SITE)
      .refuses('invalid', '/kind');
    given(asset)
      .when(ask('RegisterAsset', { ...LIFT, place: SITE }), AT_SITE)
      .refuses('invalid', '/place');
    given(asset).when(ask('RegisterAsset', LIFT), {}).refuses('invalid', '/site');
  });
  it.each([
    ['a number that is a text', 'Lift', { name: 'persons', value: '8' }, '/fields/0/value'],
    ['a choice that is none', 'Lift', { name: 'drive', value: 'steam' }, '/fields/0/value'],
    ['a field of no kind', 'Lift', { name: 'colour', value: 'red' }, '/fields/0/name'],
    ['a field of another kind', 'Lamp', { name: 'persons', value: 8 }, '/fields/0/name'],
    ['a day that is none', 'Lamp', { name: 'bought', value: '2027-02-30' }, '/fields/0/value'],
    ['a text that is a number', 'Lamp', { name: 'maker', value: 8 }, '/fields/0/value'],
  ])('has no value that is %s', (_, kind, value, pointer) => {
    given(asset)
      .when(ask('RegisterAsset', { ...LIFT, kind, fields: [value] }), AT_SITE)
      .refuses('invalid', pointer);
  });
  it('changes in what is another than before', () => {
    given(asset, registered)
      .when(ask('EditAsset', { name: 'Lift left', code: 'A-01', labels: ['inspected', 'inspected'] }), AT_SITE)
      .then({ type: 'AssetEdited', data: { name: 'Lift left' } });
    given(asset, registered)
      .when(ask('EditAsset', { serialNumber: null }), AT_SITE)
      .then({ type: 'AssetEdited', data: { serialNumber: null } });
    given(asset, registered).when(ask('EditAsset', LIFT), AT_SITE).then();
  });
  it('keeps what it had when its site has other kinds, and gets nothing new that does not fit', () => {
    const without = siteOf(kindsSet([]));
    const edit = (data: object) => given(asset, registered).when(ask('EditAsset', data), without);
    edit({ name: 'Old lift' }).then({ type: 'AssetEdited', data: { name: 'Old lift' } });
    edit({ fields: [] }).then({ type: 'AssetEdited', data: { fields: [] } });
    edit({ fields: [{ name: 'persons', value: 9 }] }).refuses('invalid', '/fields/0/name');
    given(asset, registered)
      .when(ask('EditAsset', { kind: 'Lamp' }), AT_SITE)
      .refuses('invalid', '/fields/0/name');
    given(asset, registered)
      .when(ask('EditAsset', { kind: 'Lamp', fields: [] }), AT_SITE)
      .then({ type: 'AssetEdited', data: { kind: 'Lamp', fields: [] } });
  });
  it('moves to a place of its site, or to none', () => {
    const move = (place: string | null) => given(asset, registered).when(ask('MoveAsset', { place }), AT_SITE);
    move(FLAT).then({ type: 'AssetMoved', data: { from: LIFT.place, to: FLAT } });
    move(null).then({ type: 'AssetMoved', data: { from: LIFT.place, to: null } });
    move(LIFT.place).then();
    move(SITE).refuses('invalid', '/place');
  });
  it('is out of service once at a time', () => {
    const begin = ask('BeginDowntime', { reason: 'The doors do not close.' });
    given(asset, registered).when(begin).then(down);
    given(asset, registered, down).when(begin).refuses('conflict');
    given(asset, registered, down).when(ask('EndDowntime')).then(up);
    given(asset, registered, down, up).when(ask('EndDowntime')).refuses('conflict');
  });
  it('that is retired ends its downtime, and changes no more', () => {
    given(asset, registered, down).when(ask('RetireAsset')).then(up, retired);
    given(asset, registered, retired).when(ask('RetireAsset')).then();
    for (const [type, data] of [
      ['EditAsset', { name: 'New' }],
      ['MoveAsset', { place: null }],
      ['BeginDowntime', { reason: 'Old.' }],
      ['EndDowntime', null],
    ] as const)
      given(asset, registered, retired).when(ask(type, data), AT_SITE).refuses('conflict');
  });
});

it('the link of an asset is another each time that it is renewed', () => {
  const renewed = (link: number): AssetEvent => ({ type: 'AssetLinkRenewed', data: { link } });
  given(asset, registered).when(ask('RenewAssetLink')).then(renewed(1));
  given(asset, registered, renewed(1)).when(ask('RenewAssetLink')).then(renewed(2));
  given(asset, registered, retired).when(ask('RenewAssetLink')).refuses('conflict');
  given(asset, registered)
    .when(ask('RenewAssetLink', null, worksAs('maintenance')))
    .refuses('forbidden');
});

describe('who may', () => {
  const commands = [ask('EditAsset', { name: 'New' }), ask('MoveAsset', { place: null }), ask('RetireAsset')];
  it('change an asset: staff of its site and admins; who works there otherwise knows of it, and nobody else does', () => {
    for (const one of commands) {
      for (const actor of [worksAs('security'), worksAs('maintenance'), worksAs('customer-service')])
        given(asset, registered)
          .when({ ...one, actor }, AT_SITE)
          .refuses('forbidden');
      for (const actor of [ALICE, worksAs('staff', FLAT)])
        given(asset, registered)
          .when({ ...one, actor }, AT_SITE)
          .refuses('not_found');
    }
    given(asset, registered)
      .when(ask('RetireAsset', null, worksAs('staff')))
      .then(retired);
  });
  it('say that one is out of service: maintenance, too', () => {
    const begin = (actor: Actor) => given(asset, registered).when(ask('BeginDowntime', { reason: 'The doors do not close.' }, actor));
    for (const actor of [worksAs('staff'), worksAs('maintenance')]) begin(actor).then(down);
    begin(worksAs('security')).refuses('forbidden');
    begin(ALICE).refuses('not_found');
    given(asset, registered, down)
      .when(ask('EndDowntime', null, worksAs('maintenance')))
      .then(up);
  });
  it('register one: staff of the site, of which nobody else learns whether it is there', () => {
    given(asset)
      .when(ask('RegisterAsset', LIFT, worksAs('staff')), AT_SITE)
      .then(registered);
    for (const actor of [ALICE, worksAs('maintenance'), worksAs('staff', FLAT)])
      for (const facts of [AT_SITE, {}])
        given(asset)
          .when(ask('RegisterAsset', LIFT, actor), facts)
          .refuses('forbidden');
  });
});

describe('the numbers of an asset', () => {
  const state = (...events: AssetEvent[]) => events.reduce(asset.evolve, asset.initial);
  const held = (...events: AssetEvent[]) => [asset.holds?.(state(...events)) ?? []].flat().map(({ kind, value }) => `${kind} ${value}`);
  const claims = (one: AssetCommand, ...events: AssetEvent[]) => [asset.claims?.(one, state(...events)) ?? []].flat();

  it('are claimed where they are new, and held from then on, also when it is retired', () => {
    expect(claims(ask('RegisterAsset', LIFT)).map(({ field }) => field)).toEqual(['serialNumber', 'code']);
    expect(claims(ask('EditAsset', { code: 'A-02' }), registered)).toMatchObject([{ field: 'code', called: 'code' }]);
    expect(claims(ask('EditAsset', { code: 'a-01', serialNumber: null, name: 'New' }), registered)).toEqual([]);
    expect(claims(ask('MoveAsset', { place: null }), registered)).toEqual([]);
    expect(held(registered)).toHaveLength(2);
    expect(held(registered, retired)).toEqual(held(registered));
    expect(held(registered, { type: 'AssetEdited', data: { code: null } })).toHaveLength(1);
    expect(held()).toEqual([]);
  });
  it('are the same however they are typed, and another’s at another site', () => {
    const code = (site: string, text: string) => held({ type: 'AssetRegistered', data: { ...LIFT, site, serialNumber: null, code: text } })[0];
    expect(code(SITE, 'ab  1')).toBe(code(SITE, 'AB 1'));
    expect(code(SITE, 'AB1')).not.toBe(code(SITE, 'AB2'));
    expect(code(FLAT, 'AB1')).not.toBe(code(SITE, 'AB1'));
  });
  it('that were reserved and never taken are given up by an event, but on what changes no more', () => {
    const abandoned = asset.abandon?.(asset.initial) ?? [];
    expect(abandoned).toEqual([{ type: 'AssetAbandoned', data: {} }]);
    given(asset, ...abandoned)
      .when(ask('RegisterAsset', LIFT), AT_SITE)
      .refuses('conflict');
    expect(asset.abandon?.(state(...abandoned))).toEqual([]);
    expect(asset.abandon?.(state(registered))).toEqual([{ type: 'AssetChangeAbandoned', data: {} }]);
    expect(asset.abandon?.(state(registered, retired))).toEqual([]);
  });
});

it('whatever is asked for, an asset that is retired stays as it is, and a downtime that ends is the one that began', () => {
  const asked = fc.oneof(
    fc.constant(ask('RetireAsset')),
    fc.constant(ask('EndDowntime')),
    fc.string().map((reason) => ({ ...ask('BeginDowntime', { reason }), commandId: stableId(reason) })),
    fc.constantFrom(FLAT, LIFT.place, null).map((place) => ask('MoveAsset', { place })),
    fc.constantFrom('a', 'b').map((name) => ask('EditAsset', { name })),
  );
  const stepOn = (state: AssetState, event: AssetEvent): AssetState => {
    expect(state.retired).toBe(false);
    if (event.type === 'DowntimeBegan') expect(state.downtime).toBeNull();
    if (event.type === 'DowntimeEnded') expect(event.data.downtime).toBe(state.downtime);
    return asset.evolve(state, event);
  };
  let retirements = 0;
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 20 }), (all) => {
      let state = asset.evolve(asset.initial, registered);
      for (const one of all) {
        const decided = asset.decide(one as AssetCommand, state, AT_SITE);
        state = ('refused' in decided ? [] : decided).reduce(stepOn, state);
      }
      if (state.retired) expect(state.downtime).toBeNull();
      retirements += Number(state.retired);
    }),
  );
  expect(retirements).toBeGreaterThan(0);
});

it('an asset is heard of by each role at its site, and one that was never registered by nobody', () => {
  const topics = (after: AssetEvent) =>
    asset.topics('asset-1', { before: asset.initial, event: after, after: asset.evolve(asset.initial, after), facts: {} });
  expect(topics(registered)).toEqual(['staff', 'security', 'maintenance', 'customer-service'].map((role) => `site:${SITE}:${role}`));
  expect(topics({ type: 'AssetAbandoned', data: {} })).toEqual([]);
});
