/** Repair request: who may do what to one, and what is said of it. How it is filed is in repair-filing.ts, how it goes on in repair-steps.ts. */
import { totalOf } from '../../contracts/order.ts';
import type { SiteRole } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { RepairCommand, RepairEvent } from '../../contracts/repair.ts';
import { ENDED_REPAIRS, maySeeRepair, type RepairStatus, repairTopics, rolesAtRepair, siteTopicsOfRepair } from '../../contracts/repair-state.ts';
import { stableId } from '../../platform/stable-id.ts';
import { decider, type Facts } from '../decider.ts';
import { fileRepair, neededFor, refusalOfPlace } from './repair-filing.ts';
import { noRepair, type RepairFields, type RepairState, repairAfter } from './repair-state.ts';
import { assignRepair, closeRepair, confirmRepair, mergeRepair, reopenRepair, setRepairState, triageRepair } from './repair-steps.ts';

type CommandOf<T extends RepairCommand['type']> = Extract<RepairCommand, { type: T }>;
type Later = Exclude<RepairCommand, CommandOf<'FileRepair'>>;
type Decision = RepairEvent[] | Refusal;

const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });

function decide(command: RepairCommand, state: RepairState, facts: Facts): Decision {
  if (command.type === 'FileRepair') return fileRepair(command, state, facts);
  return refusalTo(command, state) ?? endOf(command, state) ?? decideOn(command, state, facts);
}

/** Who may give a command: these roles at the site, and who filed the request, where this allows it. */
interface May {
  roles: readonly SiteRole[];
  requester?(command: Later, state: RepairState): boolean;
}

const WORKERS: May = { roles: ['staff', 'maintenance'] };
const MAY: Readonly<Record<Later['type'], May>> = {
  EditRepair: { roles: ['staff'], requester: (_, { status }) => status === 'filed' },
  TriageRepair: WORKERS,
  AssignRepair: WORKERS,
  SetRepairState: { ...WORKERS, requester: (command) => command.type === 'SetRepairState' && command.data.state === 'cancelled' },
  ConfirmRepair: { roles: [], requester: () => true },
  ReopenRepair: { roles: ['staff'], requester: () => true },
  MergeRepair: { roles: ['staff'] },
  CommentRepair: { roles: ['staff', 'security', 'maintenance', 'customer-service'], requester: () => true },
  AddRepairCost: WORKERS,
  RemoveRepairCost: WORKERS,
  CloseRepair: { roles: [] },
};

/** The refusal to whoever may not do it: whoever sees the request knows of it, nobody else does. */
function refusalTo(command: Later, state: RepairState): Refusal | undefined {
  const { actor, type } = command;
  if (!state.exists || !maySeeRepair(actor, state)) return { refused: 'not_found', detail: 'There is no such request.' };
  if (actor.role === 'system' || mayGive(command, state)) return undefined;
  const { roles, requester } = MAY[type];
  const who = [...roles.map((role) => `${role} of its site`), ...(requester ? ['who filed it'] : [])].join(', ');
  return { refused: 'forbidden', detail: `Only ${who || 'this system'} may do this, as things are.` };
}

function mayGive(command: Later, state: RepairState): boolean {
  const { actor, type } = command;
  const has = rolesAtRepair(actor, state);
  if (actor.id === state.requester && MAY[type].requester?.(command, state)) return true;
  if (type === 'ConfirmRepair') return state.requester === null && has.includes('staff');
  if (type === 'AssignRepair' && !has.includes('staff')) return has.includes('maintenance') && isOwn(command, state);
  return has.some((role) => MAY[type].roles.includes(role));
}

/** True for maintenance who takes a request, or gives the own one back. */
function isOwn({ actor, data: { userId } }: CommandOf<'AssignRepair'>, { assignee }: RepairState): boolean {
  return userId === actor.id || (userId === null && assignee === actor.id);
}

/** The refusal of what is over. */
function endOf(command: Later, { status }: RepairState): Refusal | undefined {
  if (!(ENDED_REPAIRS as readonly RepairStatus[]).includes(status) || isLateOrSame(command, status)) return undefined;
  return conflict(`It is ${status}, and changes no more. File a new request.`);
}

/** True for what is answered after the end, too: bills come later, where it is no duplicate; and what is so already changes nothing. */
function isLateOrSame(command: Later, status: RepairStatus): boolean {
  switch (command.type) {
    case 'AddRepairCost':
    case 'RemoveRepairCost':
      return status !== 'merged';
    case 'SetRepairState':
      return command.data.state === status;
    case 'ConfirmRepair':
      return status === 'confirmed';
    default:
      return command.type === 'CloseRepair';
  }
}

function decideOn(command: Later, state: RepairState, facts: Facts): Decision {
  switch (command.type) {
    case 'EditRepair':
      return edit(command, state, facts);
    case 'TriageRepair':
      return triageRepair(command, state);
    case 'AssignRepair':
      return assignRepair(command, state, facts);
    case 'SetRepairState':
      return setRepairState(command, state);
    case 'ConfirmRepair':
      return confirmRepair(command, state);
    case 'ReopenRepair':
      return reopenRepair(command, state);
    case 'MergeRepair':
      return mergeRepair(command, state, facts);
    case 'CommentRepair':
      return comment(command, state);
    case 'AddRepairCost':
      return addCost(command, state);
    case 'RemoveRepairCost':
      return state.costs[command.data.cost] ? [{ type: 'RepairCostRemoved', data: { cost: command.data.cost } }] : NO_COST;
    case 'CloseRepair':
      return closeRepair(command, state);
    default:
      return command satisfies never;
  }
}

const NO_COST: Refusal = { refused: 'not_found', detail: 'This request has no such line of cost.' };

/** Changes what is another than before. Where it is, the staff says: who filed it might name what they do not see. */
function edit({ actor, data }: CommandOf<'EditRepair'>, state: RepairState, facts: Facts): Decision {
  const wanted = { ...data, ...(data.labels ? { labels: [...new Set(data.labels)] } : {}) };
  const isOther = ([field, value]: [string, unknown]) =>
    value !== undefined && JSON.stringify(value) !== JSON.stringify(state[field as keyof RepairState]);
  const changes: Partial<RepairEditing> = Object.fromEntries(Object.entries(wanted).filter(isOther));
  if (Object.keys(changes).length === 0) return [];
  const isElsewhere = changes.place !== undefined || changes.asset !== undefined;
  if (isElsewhere && !rolesAtRepair(actor, state).includes('staff'))
    return { refused: 'forbidden', detail: 'Only the staff of its site says that a request is about something else.' };
  const { place = null, asset = null } = changes;
  const refusal = isElsewhere ? refusalOfPlace({ place, asset }, { site: state.site, facts, sight: 'all' }) : undefined;
  return refusal ?? [{ type: 'RepairEdited', data: changes }];
}

type RepairEditing = Omit<RepairFields, 'labels'> & { labels: string[] };

/** The bounds of a request's comments, because all are in one document. */
const MOST_COMMENTS = 500;
const MOST_COMMENT_CHARACTERS = 200_000;

function comment({ commandId, data: { text } }: CommandOf<'CommentRepair'>, { comments, commentCharacters }: RepairState): Decision {
  if (comments < MOST_COMMENTS && commentCharacters + text.length <= MOST_COMMENT_CHARACTERS)
    return [{ type: 'RepairCommented', data: { commentId: stableId(commandId, 'comment'), text } }];
  return conflict(`A request takes ${MOST_COMMENTS} comments with ${MOST_COMMENT_CHARACTERS} characters in all; this one is full.`);
}

const MOST_COSTS = 100;

/** Adds a line of cost, in the currency of those that are there. */
function addCost({ commandId, data: { text, price } }: CommandOf<'AddRepairCost'>, { costs }: RepairState): Decision {
  const lines = Object.values(costs);
  if (lines.length >= MOST_COSTS) return conflict(`A request has at most ${MOST_COSTS} lines of cost.`);
  const currency = lines[0]?.currency ?? price.currency;
  const invalid = (field: string, detail: string): Refusal => ({
    refused: 'invalid',
    detail: 'A request has its costs in one currency.',
    errors: [{ pointer: `/price/${field}`, detail }],
  });
  if (price.currency !== currency) return invalid('currency', `must be ${currency}, as the other lines of this request`);
  if (totalOf([...lines, price].map((unitPrice) => ({ sku: '', quantity: 1, unitPrice }))) === null)
    return invalid('amount', 'makes the total more than a number holds exactly');
  return [{ type: 'RepairCostAdded', data: { cost: stableId(commandId, 'cost'), text, price } }];
}

function needs(command: RepairCommand, { site }: RepairState): Record<string, string> {
  switch (command.type) {
    case 'FileRepair':
      return neededFor(command.data.site, command.data.asset);
    case 'EditRepair':
      return site === '' ? {} : neededFor(site, command.data.asset);
    case 'AssignRepair':
      return command.data.userId === null ? {} : { [command.data.userId]: `user-${command.data.userId}` };
    case 'MergeRepair':
      return { into: `repair-${command.data.into}` };
    default:
      return {};
  }
}

export const repair = decider<RepairState, RepairCommand, RepairEvent>({
  initial: noRepair,
  stateVersion: 1,
  decide,
  evolve: repairAfter,
  // What a repair costs is not for who filed it.
  topics: (_stream, { event, after }) =>
    event.type === 'RepairCostAdded' || event.type === 'RepairCostRemoved' ? siteTopicsOfRepair(after) : repairTopics(after),
  needs,
});
