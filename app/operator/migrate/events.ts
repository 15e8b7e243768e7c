/**
 * Moving the log of events: every event with its id and time, in log order, and its revision, unless others wrote into its stream. The positions are
 * the new store's.
 */

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
    await copyRun({ source, target }, run);
    for (const event of run) copied(event);
  }
}

/** Appends a stream's next events. Where others wrote into the stream, whose events are not copied, they get lower revisions than they had. */
async function copyRun({ source, target }: EventStores, run: readonly RecordedEvent[]): Promise<void> {
  const revision = run[0]?.revision ?? 0;
  try {
    await appendAsTheyWere(target, run, revision - 1);
  } catch (error) {
    const before = await countBefore(source, run[0]);
    if (before === revision) throw error;
    await appendAsTheyWere(target, run, before - 1);
  }
}

async function countBefore(source: EventStore, event: RecordedEvent | undefined): Promise<number> {
  let count = 0;
  if (!event) return count;
  for await (const page of source.readStream(event.stream)) count += page.filter(({ revision }) => revision < event.revision).length;
  return count;
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

/** True where two events are the same but for their places: their order is that of the logs, and so, in their stream, that of the revisions. */
function isSame(one: RecordedEvent, other: RecordedEvent): boolean {
  const placeless = (event: RecordedEvent) => ({ ...event, position: START, revision: 0 });
  return isDeepStrictEqual(placeless(one), placeless(other));
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
