import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { given, minute } from '../spec.fixture.ts';
import { assets, atSite, inPlace } from './assets.ts';
import { downtimes } from './downtimes.ts';

const registered = { type: 'AssetRegistered' };
const down = { type: 'DowntimeBegan' };
const up = { type: 'DowntimeEnded' };
const { site, place } = exampleEvent('AssetRegistered').data as { site: string; place: string };

describe('an asset', () => {
  it('is what was said of it last, and is found by its words', () => {
    given(assets, registered).becomes({ name: 'Lift of house A', state: 'in-service', createdAt: minute(0), revision: 0 });
    given(assets, registered, { type: 'AssetEdited' }).becomes({ name: 'Lift of house A, left', code: 'A-01', revision: 1 });
    given(assets, registered).becomes({ words: expect.arrayContaining(['lift', 'kn', '4711', 'inspected', '8']) as never });
    given(assets, registered, { type: 'AssetEdited', data: { code: null } }).becomes({ words: expect.not.arrayContaining(['01']) as never });
  });
  it('is seen at its site and in its place', () => {
    given(assets, registered).becomes({ place, seen: [atSite(site), inPlace(place)] });
    given(assets, registered, { type: 'AssetMoved' }).becomes({ place: null, seen: [atSite(site)] });
  });
  it('is out of service for a while, and stays when it is retired', () => {
    given(assets, registered, down).becomes({ state: 'out-of-service', revision: 1 });
    given(assets, registered, down, up).becomes({ state: 'in-service', revision: 2 });
    given(assets, registered, down, up, { type: 'AssetRetired' }).becomes({ state: 'retired', revision: 3 });
  });
  it('has the number of its last link', () => {
    given(assets, registered).becomes({ link: 0 });
    given(assets, registered, { type: 'AssetLinkRenewed' }).becomes({ link: 1, revision: 1 });
  });
  it('moves on by a change that was given up, and leaves nothing where it was never registered', () => {
    given(assets, registered, { type: 'AssetChangeAbandoned' }).becomes({ name: 'Lift of house A', revision: 1 });
    given(assets, { type: 'AssetAbandoned' }).thenNothing();
  });
  it('does not change without being registered, nor begins twice', () => {
    for (const type of ['AssetEdited', 'AssetMoved', 'DowntimeBegan', 'DowntimeEnded', 'AssetRetired', 'AssetLinkRenewed', 'AssetChangeAbandoned'])
      given(assets, { type }).outOfPlace();
    given(assets, registered, registered).outOfPlace();
  });
});

describe('a downtime', () => {
  it('has its reason, its author, its beginning and its end', () => {
    given(downtimes, down).becomes({
      reason: 'The doors do not close.',
      from: minute(0),
      until: null,
      by: exampleEvent('DowntimeBegan').metadata.actor,
    });
    given(downtimes, down, up).becomes({ from: minute(0), until: minute(1) });
    given(downtimes, up).outOfPlace();
  });
  it('is a document of its own', () => expect(downtimes.key(exampleEvent('DowntimeBegan'))).not.toBe(site));
});
