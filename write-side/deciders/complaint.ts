/** Complaint: the rules of filing, handling and answering one. */
import { type ComplaintCommand, type ComplaintEvent, type ComplaintStatus, complaintTopics, handlesComplaintsAt } from '../../contracts/complaint.ts';
import type { Refusal } from '../../contracts/problem.ts';
import { stableId } from '../../platform/stable-id.ts';
import { decider, type Facts } from '../decider.ts';
import { errorsOfPlace, refusalOf } from './asset-fit.ts';
import { type ComplaintState, complaintAfter, noComplaint } from './complaint-state.ts';
import { livesAt } from './residents.ts';
import { noSite, type SiteState } from './site-state.ts';

type CommandOf<T extends ComplaintCommand['type']> = Extract<ComplaintCommand, { type: T }>;
type Filing = CommandOf<'FileComplaint' | 'FileComplaintAnonymously'>;
type Later = Exclude<ComplaintCommand, Filing>;
type Decision = ComplaintEvent[] | Refusal;

const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });
const siteIn = ({ site }: Facts): SiteState => (site ?? noSite) as SiteState;
const isFiling = (command: ComplaintCommand): command is Filing => command.type === 'FileComplaint' || command.type === 'FileComplaintAnonymously';

function decide(command: ComplaintCommand, state: ComplaintState, facts: Facts): Decision {
  if (isFiling(command)) return file(command, state, siteIn(facts));
  return refusalTo(command, state) ?? decideOn(command, state);
}

/** Files a complaint. Whoever may not gets one answer, whether there is such a site or not. */
function file(command: Filing, { exists }: ComplaintState, site: SiteState): Decision {
  const { type, actor, now, data } = command;
  const isAnonymous = type === 'FileComplaintAnonymously';
  if (!livesAt(site, actor.id, now) && (isAnonymous || !handlesComplaintsAt(actor, data.site))) return notTheirs(isAnonymous);
  if (exists) return conflict('This complaint was filed already.');
  if (!site.exists)
    return { refused: 'invalid', detail: 'A complaint is of a site.', errors: [{ pointer: '/site', detail: 'is no site that is there' }] };
  const { cause, priority = 'normal', subject, text, place = null } = data;
  const filed = { site: data.site, place, cause, priority, subject, text, filedBy: isAnonymous ? null : actor.id };
  return refusalOf(errorsOfPlace(site, place)) ?? [{ type: 'ComplaintFiled', data: filed }];
}

function notTheirs(isAnonymous: boolean): Refusal {
  const who = isAnonymous
    ? 'Only who lives at a site files a complaint there anonymously.'
    : 'Only who lives or handles complaints at a site files one there.';
  return { refused: 'forbidden', detail: who };
}

/** The commands that who filed a complaint may give, too. */
const OF_FILER: readonly Later['type'][] = ['ReopenComplaint', 'ReplyToComplaint'];

/** The refusal to whoever may not do it: who filed the complaint knows of it, nobody else does but who handles it. */
function refusalTo({ type, actor }: Later, { exists, site, filedBy }: ComplaintState): Refusal | undefined {
  if (exists && handlesComplaintsAt(actor, site)) return undefined;
  if (!exists || filedBy !== actor.id) return { refused: 'not_found', detail: 'There is no such complaint.' };
  return OF_FILER.includes(type)
    ? undefined
    : { refused: 'forbidden', detail: 'Only staff and customer service of its site, or an admin, may do this.' };
}

function decideOn(command: Later, state: ComplaintState): Decision {
  switch (command.type) {
    case 'EditComplaint':
      return edit(command, state);
    case 'ChangeComplaintStatus':
      return changeStatus(command, state);
    case 'ReopenComplaint':
      return state.status === 'resolved' ? [{ type: 'ComplaintReopened', data: {} }] : conflict('It is not resolved.');
    case 'EscalateComplaint':
      return escalate(state);
    case 'ReplyToComplaint':
      return [{ type: 'ComplaintReplied', data: { reply: stableId(command.commandId, 'reply'), text: command.data.text } }];
    case 'NoteOnComplaint':
      return [{ type: 'ComplaintNoted', data: { note: stableId(command.commandId, 'note'), text: command.data.text } }];
    default:
      return command satisfies never;
  }
}

/** Changes what is another than before. */
function edit({ data }: CommandOf<'EditComplaint'>, state: ComplaintState): Decision {
  const wanted = { ...data, ...(data.labels ? { labels: [...new Set(data.labels)] } : {}) };
  const isOther = ([field, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(state[field as keyof ComplaintState]);
  const changes = Object.fromEntries(Object.entries(wanted).filter(isOther));
  return Object.keys(changes).length === 0 ? [] : [{ type: 'ComplaintEdited', data: changes }];
}

/** From a state to those that may follow it by hand. The same state again changes nothing. */
const FOLLOWING: Readonly<Record<ComplaintStatus, readonly ComplaintStatus[]>> = {
  filed: ['acknowledged', 'in-progress', 'resolved'],
  acknowledged: ['in-progress', 'resolved'],
  'in-progress': ['resolved'],
  resolved: [],
};

function changeStatus({ data: { status: to } }: CommandOf<'ChangeComplaintStatus'>, { status: from }: ComplaintState): Decision {
  if (from === to) return [];
  if (FOLLOWING[from].includes(to)) return [{ type: 'ComplaintStatusChanged', data: { from, to } }];
  return conflict(from === 'resolved' ? 'It is resolved. Reopen it first.' : `What is ${from} is not ${to} again.`);
}

function escalate({ status, escalated }: ComplaintState): Decision {
  if (status === 'resolved') return conflict('It is resolved.');
  return escalated ? [] : [{ type: 'ComplaintEscalated', data: {} }];
}

export const complaint = decider<ComplaintState, ComplaintCommand, ComplaintEvent>({
  initial: noComplaint,
  stateVersion: 1,
  decide,
  evolve: complaintAfter,
  topics: (_stream, { after, event }) => complaintTopics(after, event),
  needs: (command): Record<string, string> => (isFiling(command) ? { site: `site-${command.data.site}` } : {}),
});
