/** The registry of projectors: one line a read model. */
import type { AnyProjector } from './projector.ts';
import { notifications } from './projectors/notifications.ts';
import { orders } from './projectors/orders.ts';
import { taskDetail } from './projectors/task-detail.ts';
import { taskList } from './projectors/task-list.ts';
import { timers } from './projectors/timers.ts';
import { userDirectory } from './projectors/user-directory.ts';

export const projectors: readonly AnyProjector[] = [userDirectory, taskList, taskDetail, notifications, orders, timers];
