/** Topics: how they are named on the wire and in rooms, and who may follow them. */
import type { Actor } from '../contracts/aggregate.ts';
import { NO_STREAM } from '../contracts/message.ts';
import type { TaskParties } from '../contracts/task.ts';

/** Decides whether somebody may follow a topic (named as on the wire). */
export type MayRead = (caller: Actor, topic: string) => Promise<boolean>;

/** Loads an aggregate's state as new as the store: `load` of the command handler. */
export interface States {
  load<State>(stream: string): Promise<{ state: State; revision: number }>;
}

/** The room that a topic named by this caller means: `notifications` is one's own. */
export function roomOf(topic: string, caller: Pick<Actor, 'id'>): string {
  return topic === 'notifications' ? `notifications:${caller.id}` : topic;
}

/** The name that clients know a room by. */
export function topicOf(room: string): string {
  return room.startsWith('notifications:') ? 'notifications' : room;
}

/** Who may follow what: `tasks` who sees all of them; a task who sees all, its maker, its assignee; `user:…` and `role:…` oneself and admins. */
export function topicReader(states: States): MayRead {
  async function mayReadTask(caller: Actor, id: string): Promise<boolean> {
    const { state, revision } = await states.load<TaskParties>(`task-${id}`);
    return revision !== NO_STREAM && (state.maker === caller.id || state.assignee === caller.id);
  }

  return async (caller, topic) => {
    const [kind, name = ''] = topic.split(':');
    const all = caller.role === 'admin';
    switch (kind) {
      case 'notifications':
        return name === '';
      case 'tasks':
        return all || caller.seesAll;
      case 'task':
        return all || caller.seesAll || mayReadTask(caller, name);
      case 'user':
        return all || caller.id === name;
      case 'role':
        return all || caller.role === name;
      default:
        return false;
    }
  };
}
