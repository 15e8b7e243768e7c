/** The registry of deciders: one line an aggregate. */
import type { AnyDecider } from './decider.ts';
import { notification } from './deciders/notification.ts';
import { order } from './deciders/order.ts';
import { task } from './deciders/task.ts';
import { user } from './deciders/user.ts';

export const deciders: readonly AnyDecider[] = [user, task, notification, order];
