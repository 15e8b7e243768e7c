/** The choices of users: on which channels they want to be told of each kind of notification that can be turned off. */
import { z } from 'zod';
import { CHANNELS, type Channel } from './notifications/kind.ts';
import { KINDS, type Kind, kinds } from './notifications/kinds.ts';
import type { Role } from './role.ts';

const isChoosable = (kind: Kind) => 'choice' in kinds[kind];

/** The kinds that can be turned off. Confirmations, resets and word of what concerns an account's safety cannot. */
export const CHOOSABLE: readonly Kind[] = KINDS.filter(isChoosable);

/** The channels that a user has chosen, by kind; a kind that is missing is told as is the default of the user's role. */
export type Choices = Partial<Record<Kind, Channel[]>>;

const channels = z
  .array(z.enum(CHANNELS))
  .max(CHANNELS.length)
  .refine((all) => new Set(all).size === all.length, 'must name each channel once');

/** The schema of choices, by kind. */
export const choicesByKind = z.strictObject(
  Object.fromEntries(CHOOSABLE.map((kind) => [kind, channels.optional().describe(`The channels on which ${kind} is told; none: on no channel.`)])),
);

const BOTH: Channel[] = ['email', 'in-app'];
const INBOX: Channel[] = ['in-app'];

/** The channels on which people are told who have chosen nothing. (Of what others have to do, policies tell some people in the inbox alone.) */
const OF_ALL: Choices = {
  ...{ task_created: BOTH, task_assigned: BOTH, overdue: BOTH },
  ...{ user_created: INBOX, comment_added: INBOX, status_changed: INBOX, due_soon: INBOX, task_unassigned: INBOX },
  ...{ asset_out_of_service: INBOX, asset_moved: INBOX, asset_retired: INBOX },
};

/** Residents look in seldom: word of their tasks' status, and that nobody has one any more, is mailed to them. */
const OF_ROLES: Partial<Record<Role, Choices>> = { resident: { status_changed: BOTH, task_unassigned: BOTH } };

/** The channels of a kind for a role, where its user has chosen nothing. */
export function defaultChannels(kind: Kind, role: Role): readonly Channel[] {
  return ownDefault(kind, role) ?? OF_ALL[kind] ?? [];
}

/** The channels that a role has in place of everybody's; undefined where it has none of its own. */
export function ownDefault(kind: Kind, role: Role): readonly Channel[] | undefined {
  return OF_ROLES[role]?.[kind];
}
