/**
 * The registry of all kinds of notification: a line for each file of them. Names of kinds are storage formats: add, never rename or remove.
 * Policies say whom to tell, and a category's teller looks up what can be told: both are registered in notifier/registries.ts.
 */

import { assetNoticeKinds } from './asset.ts';
import { invitationKinds } from './invitation.ts';
import type { Channel, KindContract } from './kind.ts';
import { messageKinds } from './message.ts';
import { orderKinds } from './order.ts';
import { taskKinds } from './task.ts';
import { userKinds } from './user.ts';
import { visitKinds } from './visit.ts';

export const kinds = {
  ...userKinds,
  ...taskKinds,
  ...orderKinds,
  ...invitationKinds,
  ...assetNoticeKinds,
  ...messageKinds,
  ...visitKinds,
};

export type Kind = keyof typeof kinds;
export const KINDS = Object.keys(kinds) as [Kind, ...Kind[]];

/** The channels on which a kind may be asked for. */
export type ChannelOf<K extends Kind> = (typeof kinds)[K]['channels'][number];

type AnyKind = (typeof kinds)[Kind];
/** A category of things that notifications may be about. */
export type AboutCategory = AnyKind['about'];
/** The facts that can be told of a thing, by category. */
export type ToldOf = { [About in AboutCategory]: ToldBy<Extract<AnyKind, { about: About }>> };
type ToldBy<K> = K extends KindContract<string, infer Told, Channel> ? Told : never;
