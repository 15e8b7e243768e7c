/** What the gateway has recorded of an account: that its address is proven, that a link is wanted, that its password or second factor is another one, that somebody signs in to it. */
import type { Actor } from '../../contracts/aggregate.ts';
import type { UserCommand } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { stableId } from '../../platform/stable-id.ts';

interface RecordingOptions {
  commands: CommandHandler;
  now(): Date;
}

type Recorded = { [T in UserCommand as T['type']]: Pick<T, 'type' | 'data'> }[
  | 'RequestConfirmation'
  | 'RequestPasswordReset'
  | 'ConfirmUser'
  | 'ConfirmEmailChange'
  | 'WithdrawEmailChange'
  | 'TellPasswordChange'
  | 'TellSecondFactor'
  | 'TellSignInJoined'
  | 'TellSignInParted'
  | 'RequestPhone'
  | 'ConfirmPhone'
  | 'RemovePhone'];

/** The system, which acts for somebody who has shown with a code that they may. */
export const SYSTEM_ITSELF = { id: 'system', role: 'system', seesAll: true } as const;

/** Has a command about an account decided, once for a key, as the system's or another actor's. Errors: those of the command handler. */
export async function recordOfAccount(
  { commands, now }: RecordingOptions,
  { id, key, correlationId, actor = SYSTEM_ITSELF }: { id: string; key: string; correlationId: string; actor?: Actor },
  { type, data }: Recorded,
): Promise<void> {
  const command = { type, stream: `user-${id}`, id, data, commandId: stableId(type, id, key), actor, now: now().toISOString() };
  await commands.handle(command, { correlationId });
}
