/** Blocklist: the rules of who is not let in at a site, and whether somebody is among them. */
import { type BlocklistCommand, type BlocklistEvent, blocklistTopics } from '../../contracts/blocklist.ts';
import { utc } from '../../contracts/fields.ts';
import { idOf } from '../../contracts/message.ts';
import { rolesAt } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { stableId } from '../../platform/stable-id.ts';
import { decider, type Facts } from '../decider.ts';
import type { SiteState } from './site-state.ts';

/** Somebody who is not let in: forms to compare, null where it is not known. `until`: ISO 8601, UTC. */
interface Blocked {
  name: string | null;
  plate: string | null;
  until: string;
}

export interface BlocklistState {
  exists: boolean;
  /** Who is not let in, by entry; those that have ended stay until they are forgotten. */
  blocked: Readonly<Record<string, Blocked>>;
  /** Entries that were ended by hand, and are to be forgotten. */
  ended: readonly string[];
}

const initial: BlocklistState = { exists: false, blocked: {}, ended: [] };

type CommandOf<T extends BlocklistCommand['type']> = Extract<BlocklistCommand, { type: T }>;
type Decision = BlocklistEvent[] | Refusal;

/** The most entries of a site, because all are in its state. */
const MOST = 2_000;
/** The longest that somebody is not let in, in days. */
const LONGEST = 1_096;

const invalid = (pointer: string, detail: string, error: string): Refusal => ({ refused: 'invalid', detail, errors: [{ pointer, detail: error }] });

/** A name to compare: without capitals, accents and signs, its words in any order. */
export function nameToCompare(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .sort()
    .join(' ');
}

/** A plate to compare: its letters and digits alone. */
export function plateToCompare(plate: string): string {
  return plate
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** True for somebody whose name or plate is on the list now. A form of no letter and no digit is nobody's. */
export function isBlocked({ blocked }: BlocklistState, who: { name: string; plate: string | null }, now: string): boolean {
  const [name, plate] = [nameToCompare(who.name), plateToCompare(who.plate ?? '')];
  const isSame = (one: Blocked) => (one.name === name && name !== '') || (one.plate === plate && plate !== '');
  return Object.values(blocked).some((one) => now < one.until && isSame(one));
}

function decide(command: BlocklistCommand, state: BlocklistState, facts: Facts): Decision {
  return refusalTo(command, facts) ?? decideWithin(command, state);
}

/** The refusal to whoever may not change the list: whoever works there in another role knows of the site, nobody else does. */
function refusalTo({ actor, id }: BlocklistCommand, facts: Facts): Refusal | undefined {
  const roles = rolesAt(actor, id);
  const runsAll = actor.role === 'admin' || actor.role === 'system';
  const isThere = (facts.site as SiteState | undefined)?.exists === true || actor.role === 'system';
  if (!isThere || (roles.length === 0 && !runsAll)) return { refused: 'not_found', detail: 'There is no such site.' };
  if (runsAll || roles.includes('staff')) return undefined;
  return { refused: 'forbidden', detail: 'Only the staff of this site, or an admin, may do this.' };
}

function decideWithin(command: BlocklistCommand, state: BlocklistState): Decision {
  switch (command.type) {
    case 'BlockVisitor':
      return block(command, state);
    case 'UnblockVisitor':
      return unblock(command, state);
    case 'EraseBlocked':
      return isKept(command.data.entry, state) ? [{ type: 'BlockErased', data: { entry: command.data.entry } }] : [];
    default:
      return command satisfies never;
  }
}

function block({ commandId, data, now }: CommandOf<'BlockVisitor'>, { exists, blocked }: BlocklistState): Decision {
  const entry = stableId(commandId, 'entry');
  if (blocked[entry]) return [];
  if (Object.keys(blocked).length >= MOST)
    return { refused: 'conflict', detail: `A site blocks at most ${MOST} visitors. Take some off the list that are not needed.` };
  const until = utc(data.until);
  if (until <= now) return invalid('/until', 'An entry ends in the future.', 'must be in the future');
  if (Date.parse(until) - Date.parse(now) > LONGEST * 86_400_000)
    return invalid('/until', 'An entry is for three years at most; it can be made again.', `must be within ${LONGEST} days`);
  const begun: BlocklistEvent[] = exists ? [] : [{ type: 'BlocklistBegun', data: {} }];
  return [...begun, { type: 'VisitorBlocked', data: { ...data, entry, until } }];
}

function unblock({ data: { entry } }: CommandOf<'UnblockVisitor'>, state: BlocklistState): Decision {
  if (state.ended.includes(entry)) return [];
  if (!state.blocked[entry]) return { refused: 'not_found', detail: 'There is no such entry.' };
  return [{ type: 'VisitorUnblocked', data: { entry } }];
}

const isKept = (entry: string, { blocked, ended }: BlocklistState) => entry in blocked || ended.includes(entry);

function evolve(state: BlocklistState, event: BlocklistEvent): BlocklistState {
  switch (event.type) {
    case 'BlocklistBegun':
      return { ...initial, exists: true };
    case 'VisitorBlocked': {
      const { entry, name, plate, until } = event.data;
      const one = { name: name === undefined ? null : nameToCompare(name), plate: plate === undefined ? null : plateToCompare(plate), until };
      return { ...state, blocked: { ...state.blocked, [entry]: one } };
    }
    case 'VisitorUnblocked':
      return { ...without(state, event.data.entry), ended: [...state.ended, event.data.entry] };
    case 'BlockErased':
      return without(state, event.data.entry);
    default:
      event satisfies never;
      return state;
  }
}

function without({ blocked, ended, ...state }: BlocklistState, entry: string): BlocklistState {
  const { [entry]: _, ...others } = blocked;
  return { ...state, blocked: others, ended: ended.filter((one) => one !== entry) };
}

export const blocklist = decider<BlocklistState, BlocklistCommand, BlocklistEvent>({
  initial,
  stateVersion: 1,
  decide,
  evolve,
  topics: (stream) => blocklistTopics(idOf(stream)),
  needs: ({ id }) => ({ site: `site-${id}` }),
});
