import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { given } from '../spec.fixture.ts';
import { places } from './places.ts';
import { NO_END, residents } from './residents.ts';
import { sites } from './sites.ts';
import { workAt, workers } from './workers.ts';

const added = { type: 'SiteAdded' };
const placed = { type: 'PlaceAdded' };
const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const ELSEWHERE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0f';

describe('a site', () => {
  it('is what was said of it last, and moves on with all that happens there', () => {
    given(sites, added).becomes({ name: 'Linden Court', site: SITE, createdAt: '2026-11-21T09:00:00.000Z', revision: 0 });
    given(sites, added, { type: 'SiteEdited' }).becomes({ name: 'Linden Court West', timeZone: 'Europe/Berlin', revision: 1 });
    given(sites, added).becomes({ assetKinds: [] });
    given(sites, added, { type: 'AssetKindsSet' }).becomes({ name: 'Linden Court', assetKinds: [{ kind: 'Lift' }] as never, revision: 1 });
    given(sites, added, placed, { type: 'ResidentMovedIn' }).becomes({ name: 'Linden Court', revision: 2 });
  });
  it('that was removed leaves nothing', () => given(sites, added, { type: 'SiteRemoved' }).thenNothing());
  it('does not change without being added, nor begins twice', () => {
    given(sites, { type: 'SiteEdited' }).outOfPlace();
    given(sites, added, added).outOfPlace();
  });
});

describe('a place', () => {
  it('is renamed, moved and removed', () => {
    given(places, placed).becomes({ site: SITE, kind: 'unit', name: 'Flat 3' });
    given(places, placed, { type: 'PlaceRenamed' }, { type: 'PlaceMoved' }).becomes({ name: 'Flat 3 left', parent: null });
    given(places, placed, { type: 'PlaceRemoved' }).thenNothing();
  });
  it('does not change without being added, nor once it is removed', () => {
    for (const type of ['PlaceRenamed', 'PlaceMoved', 'PlaceRemoved']) {
      given(places, { type }).outOfPlace();
      given(places, placed, { type: 'PlaceRemoved' }, { type }).outOfPlace();
    }
  });
  it('is a document of its own', () => expect(places.key(exampleEvent('PlaceAdded'))).not.toBe(SITE));
});

describe('a resident', () => {
  it('lives there until a time, the last that was said', () => {
    const out = (until: string) => ({ type: 'ResidentMovedOut', data: { until } });
    given(residents, { type: 'ResidentMovedIn' }).becomes({ site: SITE, until: null, end: NO_END });
    const [first, last] = ['2028-01-01T00:00:00.000Z', '2027-06-01T00:00:00.000Z'];
    given(residents, { type: 'ResidentMovedIn' }, out(first), out(last)).becomes({ until: last, end: last });
    given(residents, out(first)).outOfPlace();
  });
  it('who has no end is after every time', () => expect(NO_END > '9999-12-31T23:59:59.999Z').toBe(true));
});

describe('a worker', () => {
  const registered = { type: 'UserCreated', data: { role: 'member' } };
  const guard = { type: 'UserRoleChanged', data: { from: 'member', to: 'security' } };
  const set = { type: 'UserPostsSet', data: { posts: [{ role: 'security', sites: [SITE, ELSEWHERE] }] } };
  it('is found by each role at each site, or at all', () => {
    given(workers, registered).becomes({ at: [] });
    given(workers, registered, guard).becomes({ at: [workAt('security', '*')] });
    given(workers, registered, guard, set).becomes({ at: [workAt('security', SITE), workAt('security', ELSEWHERE)] });
    given(workers, registered, set, { type: 'UserPostsSet', data: { posts: [] } }).becomes({ at: [], revision: 2 });
  });
  it('who was deleted is found no more', () => given(workers, registered, guard, { type: 'UserDeleted' }).thenNothing());
  it('does not begin without a registration', () => {
    for (const { type } of [guard, set, { type: 'UserDeleted' }]) given(workers, { type }).outOfPlace();
  });
});
