/**
 * Tasks that cannot be decided on, as this release does not know all of them, or of who is to do them, or the store does not give them: they are
 * listed where operators see it (`_parked-unassign_late`), and tried again whenever a process becomes the active one, when something happens to the
 * task, and when an operator releases it.
 */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { type EventStore, isOfOneStream } from '../../platform/event-store/event-store.ts';
import { openParking } from '../../platform/followers/parking.ts';

export interface LeftTasksOptions {
  store: Pick<EventStore, 'readStream' | 'append'>;
  /** The follower under whose name they are listed. */
  follower: string;
  /** Looks at a task, and does what is to be done. Rejects where it cannot be decided on, and with the errors of an absence. */
  look(task: string): Promise<void>;
  log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}

export interface LeftTasks {
  /** Does something for a task; false for one that cannot be decided on, which is listed, with its event if one asked. Errors: those of an absence. */
  unlessBroken(task: string, what: () => Promise<void>, asked?: RecordedEvent): Promise<boolean>;
  /** Looks at all that are listed; what can be decided on is listed no more. Errors: as `unlessBroken`. */
  tryAgain(): Promise<void>;
  /** Takes from the list what of these tasks is on it: they were decided on. Errors: those of the store. */
  decided(tasks: readonly string[]): Promise<void>;
  /** Looks at a stream that is listed, or with `discard` only takes it from the list. False where it is not listed. Rejects with what is wrong with it. */
  release(stream: string, discard: boolean): Promise<boolean>;
}

/** Opens the list. */
export function openLeftTasks({ store, follower, look, log }: LeftTasksOptions): LeftTasks {
  /** Read anew each time: another process may list tasks, too. */
  const open = () => openParking(store, follower);

  async function list(task: string, error: unknown, asked?: RecordedEvent): Promise<void> {
    const parking = await open();
    if (parking.isParked(`task-${task}`)) return;
    await (asked ? parking.park(asked, error) : parking.parkUnread(`task-${task}`, error));
    log.warn(
      { task, err: error },
      'a task cannot be decided on: if its assignee was deleted, it keeps them until it can, or an operator releases it',
    );
  }

  async function unlessBroken(task: string, what: () => Promise<void>, asked?: RecordedEvent): Promise<boolean> {
    try {
      await what();
      return true;
    } catch (error) {
      if (isToTryAgain(error)) throw error;
      await list(task, error, asked);
      return false;
    }
  }

  return {
    unlessBroken,
    tryAgain: async () => {
      const parking = await open();
      for (const { stream } of parking.list()) {
        if (!(await unlessBroken(idOf(stream), () => look(idOf(stream))))) continue;
        await parking.drop(stream);
        log.info({ stream }, 'a task that could not be decided on was');
      }
    },
    decided: async (tasks) => {
      const parking = await open();
      for (const task of tasks) await parking.drop(`task-${task}`);
    },
    release: async (stream, discard) => {
      const parking = await open();
      if (!parking.isParked(stream)) return false;
      if (!discard) await look(idOf(stream));
      await parking.drop(stream);
      return true;
    },
  };
}

/** True for an error that passes: what all tasks need is away, or others kept changing the task. */
function isToTryAgain(error: unknown): boolean {
  if (error instanceof ProblemError) return error.code === 'unavailable' || error.code === 'conflict';
  return !isOfOneStream(error);
}
