/** Moving the log of events: every event with its id, revision and time, in log order. Only the positions are the new store's. */

import { isDeepStrictEqual } from 'node:util';
import { type Position, type RecordedEvent, START } from '../../../contracts/message.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { UserError } from '../../../platform/user-error.ts';
import type { RebuildProgress } from '../../../projections/rebuild.ts';
import { appendAsTheyWere, runsOf } from './append.ts';
import { differs, EMPTY } from './refused.ts';

/** The two sides of a move. */
export interface EventStores {
  source: EventStore;
  target: EventStore;
}

/** The steps of a move: `resuming` compares the events that an interrupted run left, `copying` copies the rest, `comparing` compares all. */
export type Step = 'resuming' | 'copying' | 'comparing';
export type OnProgress = (step: Step, progress: RebuildProgress) => void;

/** Copies the events that the target lacks, after comparing those it has. Error: `UserError` where those are not the source's first ones. */
export async function copyEvents({ source, target }: EventStores, onProgress: OnProgress): Promise<void> {
  const head = await source.head();
  const rest = eachOf(source.readAll());
  const there = counting('resuming', head, onProgress);
  for await (const event of eachOf(target.readAll())) {
    const { value } = await rest.next();
    if (!value || !isSame(value, event))
      throw new UserError(`The target's event store holds other events than this installation: ${nameOf(event)}. ${EMPTY}`);
    there(value);
  }
  const copied = counting('copying', head, onProgress);
  for await (const run of runsOf(rest)) {
    await appendAsTheyWere(target, run, (run[0]?.revision ?? 0) - 1);
    for (const event of run) copied(event);
  }
}

/** Compares both logs event by event; resolves to the number of events. Error: `UserError` where they differ. */
export async function compareEvents({ source, target }: EventStores, onProgress: OnProgress): Promise<number> {
  const theirs = eachOf(target.readAll());
  const compared = counting('comparing', await source.head(), onProgress);
  let count = 0;
  for await (const event of eachOf(source.readAll())) {
    const { value } = await theirs.next();
    if (!value || !isSame(event, value)) throw differs(`${nameOf(event)} is not there as it was`);
    compared(event);
    count++;
  }
  const { value } = await theirs.next();
  if (value) throw differs(`there is ${nameOf(value)} more`);
  return count;
}

/** The items of pages, one by one. */
export async function* eachOf<T>(pages: AsyncIterable<T[]>): AsyncGenerator<T, undefined> {
  for await (const page of pages) yield* page;
  return undefined;
}

/** True where two events are the same but for their positions. */
function isSame(one: RecordedEvent, other: RecordedEvent): boolean {
  return isDeepStrictEqual({ ...one, position: START }, { ...other, position: START });
}

function counting(step: Step, head: Position, onProgress: OnProgress): (event: RecordedEvent) => void {
  let events = 0;
  return ({ position }) => {
    events++;
    onProgress(step, { events, position, head });
  };
}

function nameOf({ type, stream, revision }: RecordedEvent): string {
  return `${type}, event ${revision} of ${stream}`;
}
