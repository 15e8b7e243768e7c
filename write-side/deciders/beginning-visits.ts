/** The rules of how a visit begins: who may expect whom where and when, and who lets somebody in who is not expected. */
import { utc } from '../../contracts/fields.ts';
import { rolesAt } from '../../contracts/post.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { VisitCommand, VisitEvent } from '../../contracts/visit.ts';
import type { Facts } from '../decider.ts';
import { blocklistOf, refusalOfBlocked } from './blocked-visitors.ts';
import { livesAt, unitsLivedIn } from './residents.ts';
import type { SiteState } from './site-state.ts';
import type { UserState } from './user.ts';

type CommandOf<T extends VisitCommand['type']> = Extract<VisitCommand, { type: T }>;
type Beginning = CommandOf<'ExpectVisitor' | 'RegisterWalkIn'>;
type Decision = VisitEvent[] | Refusal;

const DAY = 86_400_000;
/** The longest time of a visit, and how long before it somebody may be expected: in days. */
const [LONGEST, EARLIEST] = [31, 366];

const invalid = (pointer: string, detail: string, error: string): Refusal => ({ refused: 'invalid', detail, errors: [{ pointer, detail: error }] });

/** What the beginning of a visit is decided on: the site, who is named as the host, and of who comes now, who is not let in. */
export function factsOfBeginning({ type, data }: Beginning): Record<string, string> {
  const host: Record<string, string> = data.host === undefined ? {} : { host: `user-${data.host}` };
  return { site: `site-${data.site}`, ...host, ...(type === 'RegisterWalkIn' ? blocklistOf(data.site) : {}) };
}

export function expectVisitor(command: CommandOf<'ExpectVisitor'>, facts: Facts): Decision {
  const { data, actor } = command;
  const isStaff = runsAll(command) || rolesAt(actor, data.site).includes('staff');
  const refused = (isStaff ? refusalToStaff(command, facts) : refusalToResident(command, facts)) ?? refusalOfTime(command);
  if (refused) return refused;
  const { host = actor.id, from, until } = data;
  return [{ type: 'VisitorExpected', data: { ...whoOf(command), host, from: utc(from), until: utc(until) } }];
}

export function walkIn(command: CommandOf<'RegisterWalkIn'>, facts: Facts): Decision {
  const roles: readonly string[] = rolesAt(command.actor, command.data.site);
  if (!runsAll(command) && !roles.includes('staff') && !roles.includes('security'))
    return { refused: 'forbidden', detail: 'Only the staff and the security of the site may do this.' };
  const { name, plate = null, host = null } = command.data;
  const refused = refusalToStaff(command, facts) ?? refusalOfBlocked({ name, plate }, command.now, facts);
  return refused ?? [{ type: 'VisitorWalkedIn', data: { ...whoOf(command), host } }];
}

const runsAll = ({ actor }: Beginning) => actor.role === 'admin' || actor.role === 'system';

function whoOf({ data }: Beginning) {
  const { site, unit = null, name, plate, email, people = 1 } = data;
  return { site, unit, name, ...(plate === undefined ? {} : { plate }), ...(email === undefined ? {} : { email }), people };
}

/** Staff name any unit of the site, and as the host whoever lives or works there. */
function refusalToStaff({ data, now }: Beginning, facts: Facts): Refusal | undefined {
  const site = facts.site as SiteState;
  if (!site.exists) return invalid('/site', 'There is no such site.', 'is no site');
  if (data.unit !== undefined && site.places[data.unit]?.kind !== 'unit')
    return invalid('/unit', 'Units are those of the site.', 'is no unit of this site');
  if (data.host !== undefined && !isOfSite(data.host, { now, id: data.site, ...(facts as HostFacts) }))
    return invalid('/host', 'Who is visited lives or works at the site.', 'is no active user who lives or works there now');
  return undefined;
}

type HostFacts = { site: SiteState; host: UserState };

function isOfSite(userId: string, { now, id, site, host }: HostFacts & { now: string; id: string }): boolean {
  if (!host.exists || host.deleted) return false;
  return livesAt(site, userId, now) || host.role === 'admin' || rolesAt(host, id).length > 0;
}

/** A resident expects somebody in a unit of their own, to themselves. To others there is no such site. */
function refusalToResident({ data, actor, now }: CommandOf<'ExpectVisitor'>, facts: Facts): Refusal | undefined {
  const site = facts.site as SiteState;
  const homes = unitsLivedIn(site, actor.id, now);
  if (homes.length === 0)
    return invalid('/site', 'Visitors are expected by who lives there, and by the staff.', 'is no site where you live or are staff');
  if (data.unit === undefined || !homes.includes(data.unit))
    return invalid('/unit', 'Visitors are expected in your own unit.', 'must be a unit in which you live');
  if (data.host !== undefined && data.host !== actor.id)
    return invalid('/host', 'Only staff expect somebody for another host.', 'must be you, or be left out');
  return undefined;
}

function refusalOfTime({ data, now }: CommandOf<'ExpectVisitor'>): Refusal | undefined {
  const [from, until, present] = [Date.parse(data.from), Date.parse(data.until), Date.parse(now)];
  if (until <= from) return invalid('/until', 'A visit ends after it begins.', 'must be after `from`');
  if (until <= present) return invalid('/until', 'Nobody comes in the past.', 'must be in the future');
  if (until - from > LONGEST * DAY)
    return invalid('/until', `A visit is for ${LONGEST} days at most.`, `must be at most ${LONGEST} days after \`from\``);
  if (from - present > EARLIEST * DAY) return invalid('/from', 'A visit begins within a year.', `must be within ${EARLIEST} days`);
  return undefined;
}
