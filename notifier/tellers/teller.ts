/** Looking up what can be told of the thing that a notification is about. */
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { NotificationState } from '../../write-side/deciders/notification.ts';

export interface TellerContext {
  commands: Pick<CommandHandler, 'load'>;
  /** Makes the one-time code of a confirmation link. */
  issueCode(userId: string, purpose: 'confirm'): Promise<string>;
}

/** Tells of what a notification is about, as it is now. Errors: the store's own, and those of the context. */
export type Teller<Told> = (notification: Pick<NotificationState, 'about' | 'recipient'>, context: TellerContext) => Promise<Told>;
