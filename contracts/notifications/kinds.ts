/**
 * The registry of all kinds of notification: a line for each file of them. Names of kinds are storage formats: add, never rename or remove.
 * Whom to tell is said by policies, and what can be told of a category is looked up by its teller: both are registered in notifier/policies.ts.
 */
import type { Channel, KindContract } from './kind.ts';
import { messageKinds } from './message.ts';
import { orderKinds } from './order.ts';
import { taskKinds } from './task.ts';
import { userKinds } from './user.ts';

export const kinds = {
  ...userKinds,
  ...taskKinds,
  ...orderKinds,
  ...messageKinds,
};

export type Kind = keyof typeof kinds;
export const KINDS = Object.keys(kinds) as [Kind, ...Kind[]];

/** The channels on which a kind may be asked for. */
export type ChannelOf<K extends Kind> = (typeof kinds)[K]['channels'][number];

type AnyKind = (typeof kinds)[Kind];
/** What a notification may be about. */
export type AboutCategory = AnyKind['about'];
/** What can be told of each category. */
export type ToldOf = { [About in AboutCategory]: ToldBy<Extract<AnyKind, { about: About }>> };
type ToldBy<K> = K extends KindContract<string, infer Told, Channel> ? Told : never;
