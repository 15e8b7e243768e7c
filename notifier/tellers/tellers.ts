/** The registry of tellers: a line for each category that notifications are about. */
import type { AboutCategory, ToldOf } from '../../contracts/notifications/kinds.ts';
import { tellOfOrder } from './order.ts';
import { tellOfRegistration } from './registration.ts';
import { tellOfTask } from './task.ts';
import type { Teller } from './teller.ts';

const nothing: Teller<null> = async () => null;

export const tellers: { readonly [About in AboutCategory]: Teller<ToldOf[About]> } = {
  registration: tellOfRegistration,
  user: nothing,
  task: tellOfTask,
  order: tellOfOrder,
  message: nothing,
};
