/** The notifications that a policy may ask for, and the functions that make them. Pure. */
import type { NotificationEvent } from '../contracts/notification.ts';
import type { ChannelOf, Kind } from '../contracts/notifications/kinds.ts';
import type { SiteRole } from '../contracts/post.ts';
import type { Role } from '../contracts/role.ts';

type Requested = Extract<NotificationEvent, { type: 'NotificationRequested' }>['data'];
/** A notification of one kind, on a channel that the kind's record allows. */
interface WantedOf<K extends Kind, Recipient = Requested['recipient']> extends Omit<Requested, 'kind' | 'channel' | 'recipient'> {
  kind: K;
  channel: ChannelOf<K>;
  recipient: Recipient;
}
/** A notification that a policy asks for. */
export type Wanted = { [K in Kind]: WantedOf<K> }[Kind];

/** Everybody who has a role, or has it at a site. `except`: the id of a user who is not told, as the one who did it. */
export type RoleRecipient = ({ role: Role; site?: undefined } | { role: SiteRole; site: string }) & { except?: string };

/**
 * A notification for everybody who has a role right after the event, one each; with `site` for everybody who has it there, and where that is nobody, for
 * the admins. Who is named by another notification of the same event, or by one for a role that comes before, is not told twice.
 *
 *     { channel: 'in-app', kind, recipient: { role: 'security', site, except: event.metadata.actor }, about }
 */
export type WantedOfRole = { [K in Kind]: WantedOf<K, RoleRecipient> }[Kind];

/** The stream that a notification is about, and the revision that caused it. */
export type About = Wanted['about'];

/**
 * Makes the function that asks for a notification of one user.
 *
 *     people.map(told('in-app', 'comment_added', { stream, revision }))
 */
export const told =
  <K extends Kind>(channel: ChannelOf<K>, kind: K, about: About) =>
  (userId: string): WantedOf<K> => ({ channel, kind, recipient: { userId }, about });

/**
 * Makes the function that asks for a notification of everybody who has a role at a site, but the one who did it.
 *
 *     ['staff', 'maintenance'].map(toldAt('in-app', 'asset_moved', { about, site, except: actor }))
 */
export const toldAt =
  <K extends Kind>(channel: ChannelOf<K>, kind: K, { about, site, except }: { about: About; site: string; except: string }) =>
  (role: SiteRole): WantedOf<K, RoleRecipient> => ({ channel, kind, recipient: { role, site, except }, about });

/** The people, each once, without missing ones and without the one who did it. */
export function others(people: readonly (string | null | undefined)[], actor: string): string[] {
  return [...new Set(people)].filter((one): one is string => Boolean(one) && one !== actor);
}
