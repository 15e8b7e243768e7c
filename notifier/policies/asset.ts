/** Policy of assets: what is out of service, moved or retired is told to the staff of its site, but not to the one who said so. Pure. */
import type { AssetEvent } from '../../contracts/asset.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { TaskAsOf } from '../task-as-of.ts';
import { toldAt, type WantedOfRole } from '../wanted.ts';

const KINDS = { DowntimeBegan: 'asset_out_of_service', AssetMoved: 'asset_moved', AssetRetired: 'asset_retired' } as const;

/** `beginning`: the registration, which says at which site the asset is. */
export function assetPolicy({ type, stream, revision, metadata }: RecordedEvent, _task: TaskAsOf, beginning: RecordedEvent): WantedOfRole[] {
  const registration = beginning as RecordedEvent & AssetEvent;
  if (!isTold(type) || registration.type !== 'AssetRegistered') return [];
  const { site } = registration.data;
  return [toldAt('in-app', KINDS[type], { about: { stream, revision }, site, except: metadata.actor })('staff')];
}

function isTold(type: string): type is keyof typeof KINDS {
  return Object.hasOwn(KINDS, type);
}
