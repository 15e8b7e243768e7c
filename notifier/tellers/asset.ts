import type { AssetEvent } from '../../contracts/asset.ts';
import { known } from '../../contracts/catalog.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { ToldOfAsset } from '../../contracts/notifications/asset.ts';
import type { AssetState } from '../../write-side/deciders/asset-state.ts';
import { Withdrawn } from '../withdrawn.ts';
import { assertWorksAt } from './at-site.ts';
import { type Teller, type TellerContext, type Telling, whole } from './teller.ts';

/** Looks up the facts of an asset, which its site's staff and admins may know. */
export const tellOfAsset: Teller<ToldOfAsset> = async ({ about, reader }, context) => {
  const asset = await whole<AssetState>(about.stream, context);
  if (!asset.exists) throw new Withdrawn('the asset is not there any more');
  assertWorksAt(reader, asset.site, ['staff']);
  const { name, kind } = asset;
  return { name, kind, state: stateOf(asset), samePlace: !(await wasMovedSince(about, context)) };
};

function stateOf({ retired, downtime }: AssetState): ToldOfAsset['state'] {
  if (retired) return 'retired';
  return downtime === null ? 'in-service' : 'out-of-service';
}

async function wasMovedSince({ stream, revision }: Telling['about'], { store }: TellerContext): Promise<boolean> {
  for await (const page of store.readStream(stream, { from: revision + 1 })) if (page.map(known).some(isMove)) return true;
  return false;
}

function isMove(recorded: RecordedEvent): boolean {
  return (recorded as RecordedEvent & AssetEvent).type === 'AssetMoved';
}
