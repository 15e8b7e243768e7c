/** The position of the last event that is ours, exact and for one small read. */
import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import { type Position, START } from '../../../contracts/message.ts';
import { isOurs } from '../../../contracts/ours.ts';
import { joinedRuns } from '../../concurrency/joined-runs.ts';
import type { CallSource } from './calls.ts';
import { EVENT_PREFIXES, fromClient, isOfEvents, toPosition } from './records.ts';
import { readAll } from './scan.ts';

/** The log as far as it is known: the position of its last event of whatever kind, and of its last one that is ours. */
interface Known {
  end: bigint;
  head: Position;
}

/** Events read backwards in a first look: the last event is mostly ours, or close to one that is. */
const CHUNK = 4;

/**
 * Makes `EventStore.head`. Each call costs one read of the last four events; where none of them is ours, nor known from the
 * call before, the server searches further back, so that nothing is sent of what others wrote behind it. Calls that come while one is being answered share the next one: an answer is never older than its question.
 */
export function openHead(source: CallSource): () => Promise<Position> {
  let known: Known | undefined;

  async function read(): Promise<Position> {
    try {
      known = (await recent(source, known)) ?? (await latest(source, known));
      return known.head;
    } catch (error) {
      // The log may have been restored from a backup meanwhile.
      known = undefined;
      throw error;
    }
  }

  return joinedRuns(read);
}

/** Looks at the last events; null where none of them is ours, and none is from before the last look. */
async function recent(source: CallSource, known: Known | undefined): Promise<Known | null> {
  let newest: bigint | undefined;
  let seen = 0;
  for await (const page of readAll(source, { direction: 'backwards', from: 'end', chunk: CHUNK })) {
    newest ??= page[0]?.position.commit ?? 0n;
    const head = headIn(page, stillThere(known, newest));
    if (head !== undefined) return { end: newest, head };
    seen += page.length;
    if (seen >= CHUNK) return null;
  }
  return { end: newest ?? 0n, head: START };
}

/** Has the server look for the last event that is ours, or for the one of the last look. */
async function latest(source: CallSource, known: Known | undefined): Promise<Known> {
  const end = await lastOf(source);
  if (!end) return { end: 0n, head: START };
  const newest = end.position.commit;
  const head = headIn([end], stillThere(known, newest));
  if (head !== undefined) return { end: newest, head };
  for await (const page of readAll(source, { direction: 'backwards', from: newest, prefixes: EVENT_PREFIXES })) {
    const found = headIn(page, stillThere(known, newest));
    if (found !== undefined) return { end: newest, head: found };
  }
  return { end: newest, head: START };
}

async function lastOf(source: CallSource): Promise<AllStreamRecordedEvent | undefined> {
  for await (const [last] of readAll(source, { direction: 'backwards', from: 'end', chunk: 1 })) return last;
  return undefined;
}

/** The knowledge of the log, unless the log is shorter than it was: then it is another log. */
function stillThere(known: Known | undefined, newest: bigint): Known | undefined {
  return known && newest >= known.end ? known : undefined;
}

function headIn(page: readonly AllStreamRecordedEvent[], known: Known | undefined): Position | undefined {
  for (const event of page) {
    const { position } = event;
    if (known && position.commit <= known.end) return known.head;
    if (isOfEvents(event) && isOurs(fromClient(event))) return toPosition(position.commit);
  }
  return undefined;
}
