/** Read model `assets`: every asset with what is said of it. When it was out of service is in `downtimes`. */
import type { AssetEvent, AssetView } from '../../contracts/asset.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { beginning, byStream, existing, type Folded, projector } from '../projector.ts';
import { sortKey, words } from '../words.ts';

/** An asset as it is stored. A retired one stays. */
export type AssetDocument = Omit<AssetView, 'id'> & {
  /** Its site and its place, as `atSite` and `inPlace` write them: the field by which lists find what a caller sees. */
  seen: string[];
  words: string[];
  /** The number of its link. */
  link: number;
  nameKey: string;
};

type Fields = Omit<AssetDocument, 'seen' | 'words' | 'nameKey'>;

/** What is at a site, as lists search for it. */
export function atSite(site: string): string {
  return `site ${site}`;
}

/** What is in a place, as lists search for it. */
export function inPlace(place: string): string {
  return `place ${place}`;
}

function evolve(document: Folded<AssetDocument>, recorded: RecordedEvent): AssetDocument | null {
  const event = recorded as RecordedEvent & AssetEvent;
  switch (event.type) {
    case 'AssetRegistered':
      beginning(document, recorded);
      return found({ ...event.data, state: 'in-service', createdAt: recorded.time, revision: recorded.revision, link: 0 });
    case 'AssetAbandoned':
      beginning(document, recorded);
      return null;
    default:
      return changed(existing(document, recorded), event);
  }
}

function changed(document: AssetDocument, event: RecordedEvent & Exclude<AssetEvent, { type: 'AssetRegistered' | 'AssetAbandoned' }>): AssetDocument {
  const { revision } = event;
  switch (event.type) {
    case 'AssetEdited':
      return found({ ...document, ...(event.data as Partial<AssetDocument>), revision });
    case 'AssetMoved':
      return found({ ...document, place: event.data.to, revision });
    case 'DowntimeBegan':
      return { ...document, state: 'out-of-service', revision };
    case 'DowntimeEnded':
      return { ...document, state: 'in-service', revision };
    case 'AssetRetired':
      return { ...document, state: 'retired', revision };
    case 'AssetLinkRenewed':
      return { ...document, link: event.data.link, revision };
    case 'AssetChangeAbandoned':
      return { ...document, revision };
    default:
      event satisfies never;
      return document;
  }
}

/** An asset with what lists find it by. */
function found(asset: Fields): AssetDocument {
  const { site, place, kind, name, serialNumber, code, labels, fields } = asset;
  const texts = [name, kind, serialNumber, code, ...labels, ...fields.map(({ value }) => String(value))];
  return {
    ...asset,
    seen: [atSite(site), ...(place === null ? [] : [inPlace(place)])],
    words: words(texts.filter((text) => text !== null).join(' ')),
    nameKey: sortKey(name),
  };
}

export const assets = projector<AssetDocument>({
  model: {
    name: 'assets',
    version: 1,
    fields: {
      ...{ site: 'text', place: 'text', kind: 'text', state: 'text', nameKey: 'text' },
      ...{ labels: 'texts', seen: 'texts', words: 'texts' },
    },
    indexes: [['nameKey'], ['site', 'nameKey'], ['place', 'nameKey']],
  },
  events: [
    ...(['AssetRegistered', 'AssetEdited', 'AssetMoved', 'DowntimeBegan', 'DowntimeEnded', 'AssetRetired'] as const),
    ...(['AssetLinkRenewed', 'AssetAbandoned', 'AssetChangeAbandoned'] as const),
  ],
  key: byStream,
  evolve,
});
