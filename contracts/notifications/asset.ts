/** The kinds of notification about assets. */
import type { AssetStatus } from '../asset.ts';
import { CHANNELS, kindAbout, type MailText, never } from './kind.ts';

/** The facts that can be told of an asset, as it is when the message is made. */
export interface ToldOfAsset {
  name: string;
  /** What it is, as its site calls it. */
  kind: string;
  state: AssetStatus;
  /** True where nobody has moved it since the notification was asked for. */
  samePlace: boolean;
}

const aboutAsset = kindAbout<'asset', ToldOfAsset>('asset', { name: 'Lift of house A', kind: 'Lift', state: 'out-of-service', samePlace: true });

const quoting = (lead: string, { name, kind }: ToldOfAsset): MailText => ({ lead, quote: { title: name, description: kind } });
const title = 'An asset';
const ifRetired = ({ state }: ToldOfAsset) => (state === 'retired' ? 'the asset is retired' : undefined);

export const assetNoticeKinds = {
  asset_out_of_service: aboutAsset({
    channels: CHANNELS,
    choice: 'An asset that is out of service',
    outdated: (asset) => ifRetired(asset) ?? (asset.state === 'in-service' ? 'the asset is in service again' : undefined),
    subject: ({ name }) => `Out of service: ${name}`,
    text: (asset) => quoting('an asset of your site is out of service:', asset),
    inbox: { title, text: 'It is out of service.' },
    aloud: true,
  }),
  asset_moved: aboutAsset({
    channels: CHANNELS,
    choice: 'An asset that is in another place',
    outdated: (asset) => ifRetired(asset) ?? (asset.samePlace ? undefined : 'the asset was moved again'),
    subject: ({ name }) => `Moved: ${name}`,
    text: (asset) => quoting('an asset of your site is in another place:', asset),
    inbox: { title, text: 'It is in another place.' },
    aloud: true,
  }),
  asset_retired: aboutAsset({
    channels: CHANNELS,
    choice: 'An asset that is in use no more',
    outdated: never,
    subject: ({ name }) => `In use no more: ${name}`,
    text: (asset) => quoting('an asset of your site is in use no more:', asset),
    inbox: { title, text: 'It is in use no more.' },
    aloud: true,
  }),
};
