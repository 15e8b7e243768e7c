/** How a repair request goes on: triaged, assigned, worked on, done, confirmed, reopened, merged, closed. */
import { utc } from '../../contracts/fields.ts';
import { rolesAt } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { RepairCommand, RepairEvent } from '../../contracts/repair.ts';
import { CONFIRM_DAYS, type RepairStatus, SAID_AFTER } from '../../contracts/repair-state.ts';
import type { Facts } from '../decider.ts';
import { noRepair, type RepairEventOf, type RepairState } from './repair-state.ts';
import type { UserState } from './user.ts';

type CommandOf<T extends RepairCommand['type']> = Extract<RepairCommand, { type: T }>;
type Decision = RepairEvent[] | Refusal;
type Step = RepairEventOf<'RepairStateChanged'>['data'];

const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });
const invalid = (detail: string, pointer: string, error: string): Refusal => ({ refused: 'invalid', detail, errors: [{ pointer, detail: error }] });

/** The step to another state; none where it is in that state already. */
function stepTo(to: RepairStatus, { status }: RepairState, more: Omit<Step, 'from' | 'to'> = {}): RepairEvent[] {
  return to === status ? [] : [{ type: 'RepairStateChanged', data: { from: status, to, ...more } }];
}

/** Says how urgent it is. It may be said again, until the request is done. */
export function triageRepair({ data, now }: CommandOf<'TriageRepair'>, state: RepairState): Decision {
  if (state.status === 'done') return conflict('It is done. Reopen it first.');
  const before = state.triage ?? { cause: null, deadline: null };
  const { priority, cause = before.cause, deadline: wanted = before.deadline } = data;
  const deadline = wanted === null ? null : utc(wanted);
  if (deadline !== null && deadline !== before.deadline && deadline <= now)
    return invalid('The deadline has passed already.', '/deadline', 'must be in the future');
  const triage = { priority, cause, deadline };
  if (JSON.stringify(triage) === JSON.stringify(state.triage)) return [];
  return [{ type: 'RepairTriaged', data: triage }, ...(state.status === 'filed' ? stepTo('triaged', state) : [])];
}

/** Gives it to somebody who holds maintenance at its site, or to nobody. */
export function assignRepair({ data: { userId } }: CommandOf<'AssignRepair'>, state: RepairState, facts: Facts): Decision {
  if (userId === state.assignee) return [];
  if (state.status === 'done') return conflict('It is done. Reopen it first.');
  if (userId !== null && !holdsMaintenance(facts[userId] as UserState | undefined, state.site))
    return invalid('Who is to repair it holds the role maintenance at its site.', '/userId', 'must be somebody with the role maintenance there');
  const to = userId === null ? unassigned(state) : 'assigned';
  return [{ type: 'RepairAssigned', data: { userId, previous: state.assignee } }, ...stepTo(to, state)];
}

function holdsMaintenance(user: UserState | undefined, site: string): boolean {
  return user?.exists === true && !user.deleted && rolesAt(user, site).includes('maintenance');
}

/** The state of what nobody is to repair. */
function unassigned({ triage }: RepairState): RepairStatus {
  return triage === null ? 'filed' : 'triaged';
}

/** Says how work goes on. */
export function setRepairState({ data, now }: CommandOf<'SetRepairState'>, state: RepairState): Decision {
  const { state: to, waitingFor, reason } = data;
  const said = reason === undefined ? {} : { reason };
  if (to === state.status && (waitingFor ?? null) === state.waitingFor) return [];
  if (to !== state.status && !SAID_AFTER[state.status].includes(to)) return cannotFollow(to, state);
  const until = to === 'done' ? { until: confirmableUntil(now) } : {};
  return [{ type: 'RepairStateChanged', data: { from: state.status, to, ...(waitingFor ? { waitingFor } : {}), ...said, ...until } }];
}

function cannotFollow(to: RepairStatus, { status }: RepairState): Refusal {
  const allowed = SAID_AFTER[status];
  if (status === 'done') return conflict('It is done. It can be confirmed or reopened.');
  if (status === 'filed' || status === 'triaged') return conflict(`Nobody is to repair it yet: it cannot be ${to}. Assign it first.`);
  return {
    ...conflict(`A request that is ${status} cannot become ${to}; it can become ${allowed.join(', ')}.`),
    errors: [{ pointer: '/state', detail: `must be one of: ${allowed.join(', ')}` }],
  };
}

function confirmableUntil(now: string): string {
  return new Date(Date.parse(now) + CONFIRM_DAYS * 86_400_000).toISOString();
}

/** The refusal to confirm or reopen what is not done, or was long ago. */
function notNow(state: RepairState, now: string): Refusal | undefined {
  if (state.status !== 'done') return conflict(`It is ${state.status}: only what is done is confirmed or reopened.`);
  if (state.confirmUntil !== null && state.confirmUntil > now) return undefined;
  return conflict(`It was done more than ${CONFIRM_DAYS} days ago. File a new request.`);
}

export function confirmRepair({ now }: CommandOf<'ConfirmRepair'>, state: RepairState): Decision {
  return state.status === 'confirmed' ? [] : (notNow(state, now) ?? stepTo('confirmed', state));
}

/** Goes on with who had it, where anybody had. */
export function reopenRepair({ data: { reason }, now }: CommandOf<'ReopenRepair'>, state: RepairState): Decision {
  return notNow(state, now) ?? stepTo(state.assignee === null ? unassigned(state) : 'assigned', state, { reason });
}

/** Closes what nobody confirmed or reopened in time; nothing where something came since. */
export function closeRepair({ data: { until }, now }: CommandOf<'CloseRepair'>, state: RepairState): Decision {
  return state.status === 'done' && state.confirmUntil === until && until <= now ? stepTo('closed', state) : [];
}

/** Merges it into an earlier one. Only into earlier ones: so no two are merged into each other, whoever does it at once. */
export function mergeRepair({ id, data: { into } }: CommandOf<'MergeRepair'>, state: RepairState, facts: Facts): Decision {
  const other = (facts.into ?? noRepair) as RepairState;
  const refuse = (error: string) => invalid('A duplicate is merged into an earlier request of its site.', '/into', error);
  if (!other.exists || other.site !== state.site) return refuse('is no request of the same site');
  if (other.status === 'merged') return refuse('is a duplicate itself: name the request into which it was merged');
  if (other.status === 'cancelled') return refuse('is cancelled');
  if (`${other.filedAt} ${into}` >= `${state.filedAt} ${id}`) return refuse('must have been filed before this one');
  return stepTo('merged', state, { duplicateOf: into });
}
