/** Tellers: they look up the facts about the thing that a notification is about. */
import type { AboutCategory, ToldOf } from '../../contracts/notifications/kinds.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { NotificationState } from '../../write-side/deciders/notification.ts';

export interface TellerContext {
  commands: Pick<CommandHandler, 'load'>;
  /** Makes the one-time code of a confirmation link. */
  issueCode(userId: string, purpose: 'confirm'): Promise<string>;
}

/** Looks up the facts about a notification's thing, as it is now. Errors: the store's own, and those of the context. */
export type Teller<Told> = (notification: Pick<NotificationState, 'about' | 'recipient'>, context: TellerContext) => Promise<Told>;

/** The teller of a category whose kinds need no facts. */
export const tellNothing: Teller<null> = async () => null;

/** A teller for each category that notifications are about. */
export type Tellers = { readonly [About in AboutCategory]: Teller<ToldOf[About]> };
