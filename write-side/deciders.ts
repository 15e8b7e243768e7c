/** The registry of deciders: one line an aggregate, by its category. It does not compile without a line for each that takes commands. */
import type { Category, CommandedCategory } from '../contracts/catalog.ts';
import type { AnyDecider } from './decider.ts';
import { asset } from './deciders/asset.ts';
import { blocklist } from './deciders/blocklist.ts';
import { complaint } from './deciders/complaint.ts';
import { invitation } from './deciders/invitation.ts';
import { media } from './deciders/media.ts';
import { notification } from './deciders/notification.ts';
import { order } from './deciders/order.ts';
import { repair } from './deciders/repair.ts';
import { site } from './deciders/site.ts';
import { task } from './deciders/task.ts';
import { user } from './deciders/user.ts';
import { visit } from './deciders/visit.ts';

/** A decider for each category that takes commands over HTTP; others may have one for commands from inside. */
export type Deciders = Readonly<Record<CommandedCategory, AnyDecider> & Partial<Record<Category, AnyDecider>>>;

export const deciders: Deciders = { user, task, notification, order, media, invitation, site, asset, repair, visit, blocklist, complaint };
