/** Asset: the rules of what is looked after at a site. Its kind, its fields and its place are judged by the site, as asset-fit.ts says. */
import { type AssetCommand, type AssetEvent, assetTopics, rolesAtAsset } from '../../contracts/asset.ts';
import type { SiteRole } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { UniqueValue } from '../../platform/command-handler.ts';
import { stableId } from '../../platform/stable-id.ts';
import { decider, type Facts } from '../decider.ts';
import { errorsOfKind, errorsOfPlace, refusalOf } from './asset-fit.ts';
import { type AssetFields, type AssetState, assetAfter, noAsset } from './asset-state.ts';
import { noSite, type SiteState } from './site-state.ts';

type CommandOf<T extends AssetCommand['type']> = Extract<AssetCommand, { type: T }>;
type Later = Exclude<AssetCommand, CommandOf<'RegisterAsset'>>;
type Decision = AssetEvent[] | Refusal;

const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });
const RETIRED = conflict('It is retired, and changes no more.');
const siteIn = ({ site }: Facts): SiteState => (site ?? noSite) as SiteState;

function decide(command: AssetCommand, state: AssetState, facts: Facts): Decision {
  if (command.type === 'RegisterAsset') return register(command, state, facts);
  return refusalTo(command, state) ?? decideOn(command, state, facts);
}

/** The roles that may give each command beside admins. */
const MAY: Readonly<Record<Later['type'], readonly SiteRole[]>> = {
  EditAsset: ['staff'],
  MoveAsset: ['staff'],
  BeginDowntime: ['staff', 'maintenance'],
  EndDowntime: ['staff', 'maintenance'],
  RetireAsset: ['staff'],
  RenewAssetLink: ['staff'],
};

/** The refusal to whoever may not do it: whoever works at the site in another role knows of the asset, nobody else does. */
function refusalTo({ type, actor }: Later, { exists, site }: AssetState): Refusal | undefined {
  const roles = rolesAtAsset(actor, site);
  if (!exists || roles.length === 0) return { refused: 'not_found', detail: 'There is no such asset.' };
  if (roles.some((role) => MAY[type].includes(role))) return undefined;
  return { refused: 'forbidden', detail: `Only ${MAY[type].join(' and ')} of its site, or an admin, may do this.` };
}

function decideOn(command: Later, state: AssetState, facts: Facts): Decision {
  if (state.retired) return command.type === 'RetireAsset' ? [] : RETIRED;
  switch (command.type) {
    case 'EditAsset':
      return edit(command, state, facts);
    case 'MoveAsset':
      return move(command, state, facts);
    case 'BeginDowntime':
      return beginDowntime(command, state);
    case 'EndDowntime':
      return state.downtime === null ? conflict('It is in service.') : endedOf(state);
    case 'RetireAsset':
      return [...endedOf(state), { type: 'AssetRetired', data: {} }];
    case 'RenewAssetLink':
      return [{ type: 'AssetLinkRenewed', data: { link: state.link + 1 } }];
    default:
      return command satisfies never;
  }
}

/** Registers an asset. Whoever is not staff of the site gets one answer, whether there is such a site or not. */
function register({ actor, data }: CommandOf<'RegisterAsset'>, { exists, abandoned }: AssetState, facts: Facts): Decision {
  if (!rolesAtAsset(actor, data.site).includes('staff'))
    return { refused: 'forbidden', detail: 'Only the staff of a site, or an admin, registers its assets.' };
  if (exists) return conflict('This asset is registered already.');
  if (abandoned) return conflict('Another asset took this serial number or code meanwhile. Register again with a new Idempotency-Key.');
  const site = siteIn(facts);
  if (!site.exists)
    return { refused: 'invalid', detail: 'An asset is at a site.', errors: [{ pointer: '/site', detail: 'is no site that is there' }] };
  const { serialNumber = null, code = null, place = null, labels = [], fields = [] } = data;
  const asset: AssetFields = { ...data, serialNumber, code, place, labels: [...new Set(labels)], fields };
  return refusalOf([...errorsOfKind(site, asset), ...errorsOfPlace(site, place)]) ?? [{ type: 'AssetRegistered', data: asset }];
}

/** Changes what is another than before. */
function edit({ data }: CommandOf<'EditAsset'>, state: AssetState, facts: Facts): Decision {
  const wanted = { ...data, ...(data.labels ? { labels: [...new Set(data.labels)] } : {}) };
  const isOther = ([field, value]: [string, unknown]) =>
    value !== undefined && JSON.stringify(value) !== JSON.stringify(state[field as keyof AssetState]);
  const changes: Partial<AssetFields> = Object.fromEntries(Object.entries(wanted).filter(isOther));
  if (Object.keys(changes).length === 0) return [];
  return refusalOf(errorsOfKind(siteIn(facts), { ...state, ...changes }, state)) ?? [{ type: 'AssetEdited', data: changes }];
}

function move({ data: { place } }: CommandOf<'MoveAsset'>, state: AssetState, facts: Facts): Decision {
  if (place === state.place) return [];
  return refusalOf(errorsOfPlace(siteIn(facts), place)) ?? [{ type: 'AssetMoved', data: { from: state.place, to: place } }];
}

function beginDowntime({ commandId, data }: CommandOf<'BeginDowntime'>, { downtime }: AssetState): Decision {
  if (downtime !== null) return conflict('It is out of service already.');
  return [{ type: 'DowntimeBegan', data: { downtime: stableId(commandId, 'downtime'), reason: data.reason } }];
}

/** The end of the downtime, where one has begun. */
function endedOf({ downtime }: AssetState): AssetEvent[] {
  return downtime === null ? [] : [{ type: 'DowntimeEnded', data: { downtime } }];
}

/** The numbers that one asset of a site has, with what they are called. */
const UNIQUE = { serialNumber: 'serial number', code: 'code' } as const;
type UniqueField = keyof typeof UNIQUE;
const UNIQUE_FIELDS = Object.keys(UNIQUE) as UniqueField[];

/** A number as it is compared: people write it in capitals or not, and with blanks of any width. */
function numberOf(site: string, field: UniqueField, text: string): UniqueValue {
  const value = `${site} ${text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ')}`;
  return { kind: `asset-${field}`, value, field, called: UNIQUE[field] };
}

function numbersOf(site: string, numbers: Partial<Record<UniqueField, string | null | undefined>>): UniqueValue[] {
  return UNIQUE_FIELDS.flatMap((field) => (numbers[field] ? [numberOf(site, field, numbers[field])] : []));
}

/** The numbers that a command gives its asset, which it has not. */
function claimed(command: AssetCommand, state: AssetState): UniqueValue[] {
  if (command.type !== 'RegisterAsset' && command.type !== 'EditAsset') return [];
  const site = command.type === 'RegisterAsset' ? command.data.site : state.site;
  const had = numbersOf(site, state).map(({ kind, value }) => `${kind} ${value}`);
  return numbersOf(site, command.data).filter(({ kind, value }) => !had.includes(`${kind} ${value}`));
}

function needs(command: AssetCommand, { site }: AssetState): Record<string, string> {
  if (command.type === 'RegisterAsset') return { site: `site-${command.data.site}` };
  return site !== '' && (command.type === 'EditAsset' || command.type === 'MoveAsset') ? { site: `site-${site}` } : {};
}

export const asset = decider<AssetState, AssetCommand, AssetEvent>({
  initial: noAsset,
  stateVersion: 1,
  decide,
  evolve: assetAfter,
  topics: (_stream, { after }) => assetTopics(after.site),
  needs,
  claims: claimed,
  // What is retired keeps its numbers: they stand on it, and in what is said of it.
  holds: ({ exists, ...state }) => (exists ? numbersOf(state.site, state) : undefined),
  abandon: ({ exists, abandoned, retired }) => {
    if (!exists) return abandoned ? [] : [{ type: 'AssetAbandoned', data: {} }];
    return retired ? [] : [{ type: 'AssetChangeAbandoned', data: {} }];
  },
});
