/** Visit: the rules of what becomes of one. Those of how one begins are in beginning-visits.ts. */
import type { Actor } from '../../contracts/aggregate.ts';
import { type Post, rolesAt } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { type VisitCommand, type VisitEvent, type VisitStatus, visitTopics } from '../../contracts/visit.ts';
import { decider, type Facts } from '../decider.ts';
import { expectVisitor, factsOfBeginning, walkIn } from './beginning-visits.ts';
import { blocklistOf, refusalOfBlocked } from './blocked-visitors.ts';
import { livesAt } from './residents.ts';
import type { SiteState } from './site-state.ts';
import { noVisit, type VisitState, visitAfter } from './visit-state.ts';

type CommandOf<T extends VisitCommand['type']> = Extract<VisitCommand, { type: T }>;
type Beginning = CommandOf<'ExpectVisitor' | 'RegisterWalkIn'>;
type OfVisit = Exclude<VisitCommand, Beginning>;
type Decision = VisitEvent[] | Refusal;

const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });
const forbidden = (detail: string): Refusal => ({ refused: 'forbidden', detail });

function decide(command: VisitCommand, state: VisitState, facts: Facts): Decision {
  if (isBeginning(command)) return begin(command, state, facts);
  return refusalTo(command, state) ?? decideWithin(command, state, facts);
}

const isBeginning = (command: VisitCommand): command is Beginning => command.type === 'ExpectVisitor' || command.type === 'RegisterWalkIn';

function begin(command: Beginning, { exists }: VisitState, facts: Facts): Decision {
  if (exists) return conflict('This visit is there already.');
  return command.type === 'ExpectVisitor' ? expectVisitor(command, facts) : walkIn(command, facts);
}

/** The refusal to whoever may not do it: host and desk know of a visit, nobody else does. */
function refusalTo({ type, actor }: OfVisit, { exists, site, host }: VisitState): Refusal | undefined {
  const desk = deskRoles(actor, site);
  if (!exists || (desk.length === 0 && actor.id !== host)) return { refused: 'not_found', detail: 'There is no such visit.' };
  if (type !== 'CancelVisit') return desk.length > 0 ? undefined : forbidden('Only the staff and the security of the site may do this.');
  return desk.includes('staff') || actor.id === host ? undefined : forbidden('Only the host, or the staff of the site, may do this.');
}

/** The roles with which somebody is at the desk of a site: admins and the system have both. */
function deskRoles(actor: { role: string; posts?: readonly Post[] }, site: string): readonly string[] {
  if (actor.role === 'admin' || actor.role === 'system') return ['staff', 'security'];
  return rolesAt(actor, site).filter((role) => role === 'staff' || role === 'security');
}

/**
 * The refusal to whoever wants a code of a visit at this site; undefined where one is made. A host who neither lives nor works there any more gets none.
 * Codes are no part of a visit's events.
 */
export function refusalOfNewCode(actor: Actor, visit: VisitState, { site, now }: { site: SiteState; now: string }): Refusal | undefined {
  return refusalOfCodeTo(actor, visit, { site, now }) ?? refusalOfCodeNow(visit, now);
}

function refusalOfCodeTo(actor: Actor, visit: VisitState, { site, now }: { site: SiteState; now: string }): Refusal | undefined {
  const desk = deskRoles(actor, visit.site);
  const isHost = actor.id === visit.host;
  if (!visit.exists || (desk.length === 0 && !isHost)) return { refused: 'not_found', detail: 'There is no such visit.' };
  if (desk.includes('staff')) return undefined;
  if (!isHost) return forbidden('Only the host, or the staff of the site, may do this.');
  if (livesAt(site, actor.id, now) || rolesAt(actor, visit.site).length > 0) return undefined;
  return forbidden('Codes are for the visitors of who lives or works at the site. Ask its staff.');
}

function refusalOfCodeNow({ status, until }: VisitState, now: string): Refusal | undefined {
  return status === 'expected' && now < until ? undefined : conflict('Nobody is expected by this visit any more: it gets no code.');
}

function decideWithin(command: OfVisit, state: VisitState, facts: Facts): Decision {
  switch (command.type) {
    case 'ArriveVisitor':
      return arrive(command.now, state, facts);
    case 'ArriveByCode':
      return arriveByCode(command.now, state, facts);
    case 'LeaveVisitor':
      return leave(state);
    case 'RefuseVisitor':
      return refuse(command, state);
    case 'CancelVisit':
      return cancel(state);
    case 'MissVisitor':
      return state.status === 'expected' && command.now >= state.until ? [{ type: 'VisitorMissed', data: dataOf(state) }] : [];
    case 'EraseVisit':
      return erase(state);
    default:
      return command satisfies never;
  }
}

/** What stands in the way where nobody is expected any more. */
const OVER: Readonly<Record<Exclude<VisitStatus, 'expected' | 'arrived'>, string>> = {
  left: 'They have left already. Let them in anew as somebody who is not expected.',
  missed: 'The time of this visit is over. Let them in as somebody who is not expected.',
  refused: 'They were refused already. Let them in as somebody who is not expected.',
  cancelled: 'This visit was cancelled. Let them in as somebody who is not expected.',
};

const dataOf = ({ site, unit, host, people }: VisitState) => ({ site, unit, host, people });

/** The same again changes nothing: of two desks at once, both are told that they are here. */
function arrive(now: string, state: VisitState, facts: Facts): Decision {
  if (state.status === 'arrived') return [];
  if (state.status !== 'expected') return conflict(OVER[state.status]);
  if (now >= state.until) return conflict(OVER.missed);
  return refusalOfBlocked(state, now, facts) ?? [{ type: 'VisitorArrived', data: dataOf(state) }];
}

/** A code is good within the time of the visit alone; before it the desk may let somebody in by the name. */
function arriveByCode(now: string, state: VisitState, facts: Facts): Decision {
  if (state.status === 'expected' && now < state.from) return conflict(`This code is good from ${state.from} on. They are expected then.`);
  return arrive(now, state, facts);
}

function leave(state: VisitState): Decision {
  if (state.status === 'left') return [];
  if (state.status !== 'arrived') return conflict('They are not here: only who has arrived leaves.');
  return [{ type: 'VisitorLeft', data: dataOf(state) }];
}

function refuse({ data }: CommandOf<'RefuseVisitor'>, state: VisitState): Decision {
  if (state.status === 'refused') return [];
  if (state.status === 'arrived') return conflict('They are here already. Note when they have left.');
  return state.status === 'expected' ? [{ type: 'VisitorRefused', data: { ...dataOf(state), reason: data.reason } }] : conflict(OVER[state.status]);
}

function cancel(state: VisitState): Decision {
  if (state.status === 'cancelled') return [];
  return state.status === 'expected'
    ? [{ type: 'VisitCancelled', data: dataOf(state) }]
    : conflict('Only who is still expected can be expected no more.');
}

/** Forgets who came. Who is still here by then was forgotten at the desk, and has left. */
function erase(state: VisitState): Decision {
  if (state.erased) return [];
  if (state.status === 'expected') return conflict('They are still expected.');
  const erased: VisitEvent = { type: 'VisitErased', data: { site: state.site } };
  return state.status === 'arrived' ? [{ type: 'VisitorLeft', data: { ...dataOf(state), forgotten: true } }, erased] : [erased];
}

export const visit = decider<VisitState, VisitCommand, VisitEvent>({
  initial: noVisit,
  stateVersion: 1,
  decide,
  evolve: visitAfter,
  topics: (_stream, { after }) => visitTopics(after),
  needs: (command, { site }): Record<string, string> => {
    if (isBeginning(command)) return factsOfBeginning(command);
    return command.type === 'ArriveVisitor' || command.type === 'ArriveByCode' ? blocklistOf(site) : {};
  },
});
