/** Commands on all items of a list, each as if it had been sent by itself: marking all as read, retrying all. */
import { randomUUID } from 'node:crypto';
import type { Command } from '../contracts/aggregate.ts';
import { idOf } from '../contracts/message.ts';
import type { CommandHandler, Outcome } from '../platform/command-handler.ts';
import type { RouteRequest } from '../platform/http/route.ts';
import { callerOf, type QueryContext } from './reading.ts';

export interface CommandsContext extends QueryContext {
  commands: Pick<CommandHandler, 'handle'>;
}

/** A command without its actor, id and time. */
export interface WantedCommand extends Pick<Command, 'type' | 'stream' | 'data'> {
  /** The revision that the stream must still have; undefined for any. */
  revision?: number;
}

/** The number of commands under way at once. */
const AT_ONCE = 16;

/** Carries out commands in the caller's name; resolves to their outcomes, in order. `instead`: returns null for a refusal to pass over, or throws. */
export async function commandForEach(
  { commands, now }: CommandsContext,
  request: RouteRequest,
  all: readonly WantedCommand[],
  instead: (refusal: unknown) => null = rethrown,
): Promise<(Outcome | null)[]> {
  const { id: actor, role, seesAll } = callerOf(request);
  const outcomes: (Outcome | null)[] = [];

  function one({ type, stream, data, revision }: WantedCommand): Promise<Outcome | null> {
    const command = {
      ...{ type, stream, id: idOf(stream), data },
      commandId: randomUUID(),
      actor: { id: actor, role, seesAll },
      now: now?.() ?? new Date().toISOString(),
    };
    const context = { correlationId: request.requestId, ...(revision === undefined ? {} : { ifMatch: [revision] }) };
    return commands.handle(command, context).catch(instead);
  }

  for (let from = 0; from < all.length; from += AT_ONCE) outcomes.push(...(await Promise.all(all.slice(from, from + AT_ONCE).map(one))));
  return outcomes;
}

function rethrown(error: unknown): never {
  throw error;
}
