/**
 * Releases the notifications that were held back for a user, once what held them back is over. What is held back a moment later, by a worker that saw
 * the user as they were before, looks again by itself within minutes.
 */
import type { Position, RecordedEvent } from '../contracts/message.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { CommandHandler } from '../platform/command-handler.ts';
import { orAborted } from '../platform/concurrency/abortable.ts';
import type { ReadModels, Stored } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { notifications } from '../projections/projectors/notifications.ts';

export interface ReleaseContext {
  readModels: ReadModels;
  commands: Pick<CommandHandler, 'handle'>;
  now(): Date;
  /** Ends the waiting for the read model. */
  signal: AbortSignal;
}

/** The read model cannot tell what is held back: it is missing, behind, or waits for a rebuild. Ask again later. */
export class HeldUnknown extends Error {
  override readonly name = 'HeldUnknown';
}

/** Milliseconds to wait until the read model has reached an event. */
const PATIENCE = 2_000;
const PAGE = 500;
const { model } = notifications;

/** Makes the function that releases what is held back for a user as of an event. Errors: HeldUnknown, before anything was released; those of the command handler. */
export function openRelease({ readModels, commands, now, signal }: ReleaseContext): (userId: string, event: RecordedEvent) => Promise<void> {
  /** The generation that answers, once it has reached the position. Error: HeldUnknown. */
  async function generationPast(position: Position): Promise<number> {
    await orAborted(readModels.reached(model, position, PATIENCE), signal);
    const state = await readModels.state(model);
    if (state?.version === model.version && state.checkpoint.position >= position) return state.generation;
    throw new HeldUnknown(`${model.name} is not at ${position}`);
  }

  async function* heldFor(userId: string, { position }: RecordedEvent): AsyncGenerator<Stored[]> {
    const generation = await generationPast(position);
    let last: string | undefined;
    do {
      const where = [{ field: 'recipientId', op: 'eq', value: userId } as const, { field: 'held', op: 'eq', value: 'yes' } as const];
      const after = last === undefined ? {} : { after: { values: [], id: last } };
      const found = await readModels.find(model, generation, { where, sort: [], limit: PAGE, ...after });
      last = found.length === PAGE ? found.at(-1)?.id : undefined;
      yield found;
    } while (last !== undefined);
  }

  async function release(id: string, event: RecordedEvent): Promise<void> {
    const commandId = stableId('ReleaseNotification', id, event.id);
    const actor = { id: 'system', role: 'system', seesAll: true } as const;
    const command = { type: 'ReleaseNotification', stream: `notification-${id}`, id, data: null, commandId, actor, now: now().toISOString() };
    // A stream that an operator took away has nothing to release.
    await commands.handle(command, { correlationId: event.metadata.$correlationId }).catch((error: unknown) => {
      if (!(error instanceof ProblemError) || error.code === 'unavailable') throw error;
    });
  }

  return async (userId, event) => {
    for await (const page of heldFor(userId, event)) for (const { id } of page) await release(id, event);
  };
}
