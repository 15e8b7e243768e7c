/** Site: the rules of adding, changing and removing one; those of its tree are in places.ts, those of who lives there in residents.ts. */
import { idOf } from '../../contracts/message.ts';
import { rolesAt } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { type SiteCommand, type SiteEvent, siteTopics } from '../../contracts/site.ts';
import { decider, type Facts } from '../decider.ts';
import { addPlace, editPlace, removePlace } from './places.ts';
import { moveIn, moveOut } from './residents.ts';
import { noSite, type SiteFields, type SiteState, siteAfter } from './site-state.ts';

type CommandOf<T extends SiteCommand['type']> = Extract<SiteCommand, { type: T }>;
type Decision = SiteEvent[] | Refusal;

function decide(command: SiteCommand, state: SiteState, facts: Facts): Decision {
  if (command.type === 'AddSite') return add(command, state);
  return refusalTo(command, state) ?? decideWithin(command, state, facts);
}

/** The refusal to whoever may not change the site: whoever works there in another role knows of it, nobody else does. */
function refusalTo({ actor, id }: SiteCommand, { exists }: SiteState): Refusal | undefined {
  const roles = rolesAt(actor, id);
  const runsAll = actor.role === 'admin' || actor.role === 'system';
  if (!exists || (roles.length === 0 && !runsAll)) return { refused: 'not_found', detail: 'There is no such site.' };
  if (runsAll || roles.includes('staff')) return undefined;
  return { refused: 'forbidden', detail: 'Only the staff of this site, or an admin, may do this.' };
}

function decideWithin(command: Exclude<SiteCommand, CommandOf<'AddSite'>>, state: SiteState, facts: Facts): Decision {
  switch (command.type) {
    case 'EditSite':
      return edit(command, state);
    case 'RemoveSite':
      return remove(state);
    case 'AddPlace':
      return addPlace(command, state);
    case 'EditPlace':
      return editPlace(command, state);
    case 'RemovePlace':
      return removePlace(command, state);
    case 'MoveIn':
      return moveIn(command, state, facts);
    case 'MoveOut':
      return moveOut(command, state);
    case 'SetAssetKinds':
      return setAssetKinds(command, state);
    default:
      return command satisfies never;
  }
}

function add({ data }: CommandOf<'AddSite'>, { exists, removed }: SiteState): Decision {
  if (exists || removed) return { refused: 'conflict', detail: 'This site is there already, or was.' };
  return [{ type: 'SiteAdded', data: { ...data, hours: data.hours ?? [], holidays: data.holidays ?? [] } }];
}

/** Changes what is another than before. */
function edit({ data }: CommandOf<'EditSite'>, { fields }: SiteState): Decision {
  const isOther = ([field, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(fields[field as keyof SiteFields]);
  const changes = Object.fromEntries(Object.entries(data).filter(isOther));
  return Object.keys(changes).length === 0 ? [] : [{ type: 'SiteEdited', data: changes }];
}

/** Sets all kinds of assets. The same again changes nothing. */
function setAssetKinds({ data: { kinds } }: CommandOf<'SetAssetKinds'>, { assetKinds }: SiteState): Decision {
  return JSON.stringify(kinds) === JSON.stringify(assetKinds) ? [] : [{ type: 'AssetKindsSet', data: { kinds } }];
}

function remove({ places }: SiteState): Decision {
  if (Object.keys(places).length > 0) return { refused: 'conflict', detail: 'This site has places. Remove them first.' };
  return [{ type: 'SiteRemoved', data: {} }];
}

export const site = decider<SiteState, SiteCommand, SiteEvent>({
  initial: noSite,
  stateVersion: 2,
  decide,
  evolve: siteAfter,
  topics: (stream, { event }) => siteTopics(idOf(stream), event),
  needs: (command): Record<string, string> => (command.type === 'MoveIn' ? { [command.data.userId]: `user-${command.data.userId}` } : {}),
});
