/**
 * Moving the log of events: every event with its id and time, in log order, and its revision, unless others wrote into its stream. The positions are
 * the new store's.
 */

import { isDeepStrictEqual } from 'node:util';
import { type Position, type RecordedEvent, START } from '../../../contracts/message.ts';
import { boxesIn } from '../../../contracts/sealed.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { valueAt } from '../../../platform/sealing/field-paths.ts';
import { openSealed } from '../../../platform/sealing/open-events.ts';
import { sealEvents } from '../../../platform/sealing/seal-events.ts';
import { fieldsToSeal } from '../../../platform/sealing/sealed-fields.ts';
import type { EdgeContext } from '../../../platform/sealing/sealed-store.ts';
import { UserError } from '../../../platform/user-error.ts';
import type { RebuildProgress } from '../../../projections/rebuild.ts';
import { appendAsTheyWere, runsOf } from './append.ts';
import { differs, EMPTY } from './refused.ts';

/** The two sides of a move. */
export interface EventStores {
  source: EventStore;
  target: EventStore;
}

/** The two sides, and the keys with which the clear events of an older release are sealed on their way. */
export interface SealedMove extends EventStores {
  edge: EdgeContext;
}

/** The steps of a move: `resuming` compares the events that an interrupted run left, `copying` copies the rest, `comparing` compares all. */
export type Step = 'resuming' | 'copying' | 'comparing';
export type OnProgress = (step: Step, progress: RebuildProgress) => void;

/** Copies the events that the target lacks, after comparing those it has. Error: `UserError` where those are not the source's first ones. */
export async function copyEvents({ source, target, edge }: SealedMove, onProgress: OnProgress): Promise<void> {
  const head = await source.head();
  const rest = eachOf(source.readAll());
  const there = counting('resuming', head, onProgress);
  for await (const event of eachOf(target.readAll())) {
    const { value } = await rest.next();
    if (!value || !(await isSame(value, event, edge)))
      throw new UserError(`The target's event store holds other events than this installation: ${nameOf(event)}. ${EMPTY}`);
    there(value);
  }
  const copied = counting('copying', head, onProgress);
  for await (const run of runsOf(rest)) {
    await copyRun({ source, target }, await sealedRun(run, edge));
    for (const event of run) copied(event);
  }
}

/** The events as the target is to have them: what is clear and personal is sealed, and erased where its person was erased. */
async function sealedRun(run: readonly RecordedEvent[], edge: EdgeContext): Promise<readonly RecordedEvent[]> {
  return (await sealEvents(run[0]?.stream ?? '', run, edge)) as readonly RecordedEvent[];
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
export async function compareEvents({ source, target, edge }: SealedMove, onProgress: OnProgress): Promise<number> {
  const theirs = eachOf(target.readAll());
  const compared = counting('comparing', await source.head(), onProgress);
  let count = 0;
  for await (const event of eachOf(source.readAll())) {
    const { value } = await theirs.next();
    if (!value || !(await isSame(event, value, edge))) throw differs(`${nameOf(event)} is not there as it was`);
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

/**
 * True where the target has an event of the source, but for its place: their order is that of the logs, and so, in their stream, that of the revisions. What
 * was clear is there sealed, and opens as what it was; or reads as erased, as it does when it is sealed now.
 */
async function isSame(one: RecordedEvent, there: RecordedEvent, { keys, hmac }: EdgeContext): Promise<boolean> {
  const placeless = (event: RecordedEvent | undefined) => event && { ...event, position: START, revision: 0 };
  const equal = (a: RecordedEvent | undefined, b: RecordedEvent | undefined) => isDeepStrictEqual(placeless(a), placeless(b));
  if (equal(one, there)) return !isLeftClear(one);
  if (boxesIn(one.data)) return false;
  const [opened] = await openSealed([there], keys);
  if (equal(one, opened)) return true;
  const sealed = await sealedRun([one], { keys, hmac });
  const [asErased] = await openSealed([...sealed], keys);
  return equal(asErased, opened);
}

/** True for a clear event that should have been sealed. */
function isLeftClear(event: RecordedEvent): boolean {
  return !boxesIn(event.data) && fieldsToSeal(event.stream, event).some(({ path }) => (valueAt(event.data, path) ?? null) !== null);
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
