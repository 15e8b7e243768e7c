/** The state of an asset. */
import type { AssetEvent } from '../../contracts/asset.ts';

/** What is said of an asset. */
export type AssetFields = Extract<AssetEvent, { type: 'AssetRegistered' }>['data'];

export interface AssetState extends AssetFields {
  exists: boolean;
  /** True where a registration reserved a number and was closed before it was finished: it does not begin again. */
  abandoned: boolean;
  /** The downtime that has begun and not ended; null while it is in service. */
  downtime: string | null;
  retired: boolean;
  /** The number of its link, which its token is made of. */
  link: number;
}

export const noAsset: AssetState = {
  ...{ exists: false, abandoned: false, downtime: null, retired: false, link: 0 },
  ...{ site: '', kind: '', name: '', serialNumber: null, code: null, place: null, labels: [], fields: [] },
};

/** The state after one more event. */
export function assetAfter(state: AssetState, event: AssetEvent): AssetState {
  switch (event.type) {
    case 'AssetRegistered':
      return { ...noAsset, ...event.data, exists: true };
    case 'AssetEdited':
      return { ...state, ...(event.data as Partial<AssetFields>) };
    case 'AssetMoved':
      return { ...state, place: event.data.to };
    case 'DowntimeBegan':
      return { ...state, downtime: event.data.downtime };
    case 'DowntimeEnded':
      return { ...state, downtime: null };
    case 'AssetRetired':
      return { ...state, retired: true };
    case 'AssetLinkRenewed':
      return { ...state, link: event.data.link };
    case 'AssetAbandoned':
      return { ...state, abandoned: true };
    case 'AssetChangeAbandoned':
      return state;
    default:
      event satisfies never;
      return state;
  }
}
