import { expect, it } from 'vitest';
import { assetContract } from '../../contracts/asset.ts';
import { exampleEvent } from '../../contracts/catalog.ts';
import { NO_TASK } from '../task-as-of.ts';
import { assetPolicy } from './asset.ts';

const registered = exampleEvent('AssetRegistered');
const { site } = assetContract.events.AssetRegistered.example;
const wanted = (type: string, beginning = registered) => assetPolicy(exampleEvent(type, { revision: 3 }), NO_TASK, beginning);

it.each([
  ['DowntimeBegan', 'asset_out_of_service'],
  ['AssetMoved', 'asset_moved'],
  ['AssetRetired', 'asset_retired'],
])('%s is told to the staff of the site but the one who said so', (type, kind) => {
  const { stream, metadata } = exampleEvent(type);
  expect(wanted(type)).toEqual([
    { channel: 'in-app', kind, recipient: { role: 'staff', site, except: metadata.actor }, about: { stream, revision: 3 } },
  ]);
});

it.each(Object.keys(assetContract.events).filter((type) => !/Began|Moved|Retired/.test(type)))('%s is told to nobody', (type) => {
  expect(wanted(type)).toEqual([]);
});

it('what was never registered is told to nobody', () => {
  expect(wanted('AssetMoved', exampleEvent('AssetAbandoned'))).toEqual([]);
});
