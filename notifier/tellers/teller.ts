/** Tellers: they look up the facts about the thing that a notification is about. */
import type { AboutCategory, ToldOf } from '../../contracts/notifications/kinds.ts';
import type { Role } from '../../contracts/role.ts';
import type { CommandHandler, Loaded } from '../../platform/command-handler.ts';
import { BeginningGone } from '../../platform/event-store/beginning.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { NotificationState } from '../../write-side/deciders/notification.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { NobodyThere, Withdrawn } from '../withdrawn.ts';

export interface TellerContext {
  commands: Pick<CommandHandler, 'load'>;
  store: Pick<EventStore, 'readStream'>;
  /** True where users of a role may read every task (TASK_VISIBILITY). */
  seesAll(role: Role): boolean;
  /** Makes the one-time code of a link: for a user, to confirm the address or another one, or to set another password; for an invitation, to accept it; or of an SMS, to confirm a phone number. */
  issueCode(id: string, purpose: 'confirm' | 'reset' | 'address' | 'invitation' | 'phone'): Promise<string>;
  /** The address where people reach the pages, without a slash at the end; empty as long as it is not known. */
  publicUrl(): string;
  /** The name of this site, for somebody who may never have heard of it. */
  site: string;
  now(): Date;
}

/** A user who is told something, as they are now. */
export interface Reader {
  id: string;
  user: UserState;
}

/** The notification, as a teller needs it. `reader`: the user who is told; null where the recipient is no user. */
export interface Telling extends Pick<NotificationState, 'about' | 'recipient'> {
  reader: Reader | null;
}

/**
 * Looks up the facts about a notification's thing, as it is now. Errors: Withdrawn where the thing is there no more, or not for the reader to
 * know; the store's own, and those of the context.
 */
export type Teller<Told> = (telling: Telling, context: TellerContext) => Promise<Told>;

/** The teller of a category whose kinds need no facts. */
export const tellNothing: Teller<null> = async () => null;

/** A teller for each category that notifications are about. */
export type Tellers = { readonly [About in AboutCategory]: Teller<ToldOf[About]> };

/** A user as they are now. Errors: NobodyThere; those of `whole`. */
export async function userOf(userId: string, context: Pick<TellerContext, 'commands'>): Promise<UserState> {
  const user = await whole<UserState>(`user-${userId}`, context);
  if (!user.exists || user.deleted) throw new NobodyThere('the recipient is no user any more');
  return user;
}

/** The state of a stream, of which all is known. Errors: Withdrawn where an operator truncated it; UnknownEvent, since nobody knows then what may be told to whom; the store's own. */
export async function whole<State>(stream: string, { commands }: Pick<TellerContext, 'commands'>): Promise<State> {
  const { state, missing }: Loaded<State> = await commands.load<State>(stream);
  if (missing instanceof BeginningGone) throw new Withdrawn('what it tells of was truncated in the event store');
  if (missing) throw missing;
  return state;
}
