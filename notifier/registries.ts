/**
 * The registries of the notifier. Policies say whom to tell of an event, a row each: its name, its queue, the task that it must know where it needs
 * one, and what it wants. A row that is added here is started, listed, parked, released and tested with the others. Names and queues are storage:
 * never changed. Tellers look up the facts of a message, one for each category that notifications are about: this does not compile without one.
 */
import { followerQueue } from '../platform/event-bus/queues.ts';
import { confirmedBy } from './confirmed-by.ts';
import type { Policy } from './follow-policy.ts';
import { assetPolicy } from './policies/asset.ts';
import { invitationPolicy } from './policies/invitation.ts';
import { orderPolicy } from './policies/order.ts';
import { deadlinePolicy, taskOf, taskPolicy, timedTask } from './policies/task.ts';
import { registrationPolicy } from './policies/user.ts';
import { visitPolicy } from './policies/visit.ts';
import { tellOfAddress, tellOfNewAddress } from './tellers/address.ts';
import { tellOfAsset } from './tellers/asset.ts';
import { tellOfInvitation } from './tellers/invitation.ts';
import { tellOfOrder } from './tellers/order.ts';
import { tellOfPhone } from './tellers/phone.ts';
import { tellOfRegistration, tellOfReset } from './tellers/registration.ts';
import { tellOfTask } from './tellers/task.ts';
import { type Tellers, tellNothing } from './tellers/teller.ts';
import { tellOfVisit } from './tellers/visit.ts';

/** All policies. */
export const POLICIES: readonly Policy[] = [
  {
    name: 'task_mail',
    // A queue without a name is deleted with its consumer; events that were missed meanwhile are read from the store.
    queue: { ...followerQueue('task_events', { category: 'task', purpose: 'what is told of tasks, one event at a time' }), name: null },
    task: taskOf,
    wants: taskPolicy,
  },
  {
    name: 'deadlines',
    queue: followerQueue('timers', { category: 'timer', purpose: 'what is told of deadlines' }),
    task: timedTask,
    wants: deadlinePolicy,
  },
  {
    name: 'registration_mail',
    queue: followerQueue('user_registration', {
      category: 'user',
      purpose: 'confirmation mail and welcome of new users, links to set a password or to confirm an address, and what is told of either',
    }),
    wants: registrationPolicy,
  },
  {
    // Apart from the mails of users: it waits while the read model of notifications is away, and nobody's confirmation is to wait behind it.
    name: 'held_mail',
    queue: followerQueue('user_confirmations', { category: 'user', purpose: 'the release of mails that waited for an address to be confirmed' }),
    wants: () => [],
    releases: confirmedBy,
  },
  {
    name: 'order_mail',
    queue: followerQueue('order_outcomes', { category: 'order', purpose: 'mail to whoever placed an order' }),
    wants: orderPolicy,
  },
  {
    name: 'invitation_mail',
    queue: followerQueue('invitations', { category: 'invitation', purpose: 'mail to whoever is invited' }),
    wants: invitationPolicy,
  },
  {
    name: 'asset_notices',
    queue: followerQueue('asset_management', { category: 'asset', purpose: 'what the staff of a site is told of its assets' }),
    fromBeginning: true,
    wants: assetPolicy,
  },
  {
    name: 'visitor_arrivals',
    queue: followerQueue('visitor_management', { category: 'visit', purpose: 'what is told of visitors who arrive' }),
    wants: visitPolicy,
  },
];

/** All tellers, by category. */
export const TELLERS: Tellers = {
  registration: tellOfRegistration,
  reset: tellOfReset,
  new_address: tellOfNewAddress,
  address: tellOfAddress,
  phone: tellOfPhone,
  user: tellNothing,
  task: tellOfTask,
  order: tellOfOrder,
  invitation: tellOfInvitation,
  asset: tellOfAsset,
  message: tellNothing,
  visit: tellOfVisit,
};
