import { assetContract } from '../../contracts/asset.ts';
import { exampleEvent } from '../../contracts/catalog.ts';
import type { assetNoticeKinds } from '../../contracts/notifications/asset.ts';
import { accountGone, BOB, type Happening, NOBODY, type Row, row, type Scenes } from './scenes.fixture.ts';

const ASSET = exampleEvent('AssetRegistered').stream;
const { site } = assetContract.events.AssetRegistered.example;
const happening = (type: string): Happening => [ASSET, type, exampleEvent(type).data as object];
const [registered, renamed, moved, broken, mended, retired] = [
  ...['AssetRegistered', 'AssetEdited', 'AssetMoved', 'DowntimeBegan', 'DowntimeEnded', 'AssetRetired'].map(happening),
] as [Happening, Happening, Happening, Happening, Happening, Happening];
const postedAt = (...sites: string[]): Happening => [`user-${BOB}`, 'UserPostsSet', { posts: [{ role: 'staff', sites }] }];
const noPost: Happening = [`user-${BOB}`, 'UserPostsSet', { posts: [] }];
const admin: Happening = [`user-${BOB}`, 'UserRoleChanged', { from: 'member', to: 'admin' }];

const WORKS = 'the recipient does not work at the site any more';
const RETIRED = 'the asset is retired';

/** Every kind that is about an asset of a site where Bob is staff. */
const OF_AN_ASSET: readonly Row[] = [
  row(null),
  row(null, [renamed]),
  row(null, [postedAt()]),
  row(null, [noPost, admin]),
  row(WORKS, [noPost]),
  row(WORKS, [postedAt('7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e99')]),
  row(null, [noPost, postedAt(site)]),
  row(NOBODY, [accountGone]),
];

const TOLD = { asset_out_of_service: broken, asset_moved: moved, asset_retired: retired };

export const assetScenes: Scenes<keyof typeof assetNoticeKinds> = {
  begin: (kind) => [registered, postedAt(site), TOLD[kind as keyof typeof TOLD]],
  request: () => ({ toUser: true, about: { stream: ASSET, revision: 1 } }),
  rows: {
    asset_out_of_service: [
      ...OF_AN_ASSET,
      row('the asset is in service again', [mended]),
      row(null, [mended, broken]),
      row(null, [moved]),
      row(RETIRED, [mended, retired]),
    ],
    asset_moved: [...OF_AN_ASSET, row('the asset was moved again', [moved]), row(null, [broken]), row(RETIRED, [retired])],
    asset_retired: [...OF_AN_ASSET],
  },
};
