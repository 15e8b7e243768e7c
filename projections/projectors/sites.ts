/** Read model `sites`: every site with what is said of it. Its tree is in `places`, who lives there in `residents`. */
import type { AssetKind } from '../../contracts/asset-kind.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import type { SiteEvent, SiteView } from '../../contracts/site.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';
import { sortKey } from '../words.ts';

/** A site as it is stored. A removed one leaves a tombstone. */
export type SiteDocument = Omit<SiteView, 'id' | 'roles'> & {
  /** Its own id, by which lists choose. */
  site: string;
  nameKey: string;
  /** Its kinds of assets, which are a query of their own. */
  assetKinds: readonly AssetKind[];
};

function evolve(document: Folded<SiteDocument>, recorded: RecordedEvent): SiteDocument | null {
  const event = recorded as RecordedEvent & SiteEvent;
  const { revision } = recorded;
  switch (event.type) {
    case 'SiteAdded':
      beginning(document, recorded);
      return { ...event.data, site: byStream(recorded), createdAt: recorded.time, nameKey: sortKey(event.data.name), assetKinds: [], revision };
    case 'SiteEdited':
      return edited(existing(document, recorded), event.data, revision);
    case 'AssetKindsSet':
      return { ...existing(document, recorded), assetKinds: event.data.kinds, revision };
    case 'SiteRemoved':
      existing(document, recorded);
      return null;
    default:
      return { ...existing(document, recorded), revision };
  }
}

function edited(document: SiteDocument, data: Extract<SiteEvent, { type: 'SiteEdited' }>['data'], revision: number): SiteDocument {
  const { name = document.name } = data;
  return { ...document, ...(data as Partial<SiteDocument>), nameKey: sortKey(name), revision };
}

export const sites = projector<SiteDocument>({
  model: { name: 'sites', version: 2, fields: { site: 'text', nameKey: 'text' }, indexes: [['nameKey'], ['site', 'nameKey']] },
  events: [
    ...(['SiteAdded', 'SiteEdited', 'SiteRemoved', 'AssetKindsSet'] as const),
    ...(['PlaceAdded', 'PlaceRenamed', 'PlaceMoved', 'PlaceRemoved', 'ResidentMovedIn', 'ResidentMovedOut'] as const),
  ],
  key: byStream,
  evolve,
});
