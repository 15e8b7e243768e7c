/** The files of a person as the events have them, and what of them is in the store of files: no read model is believed. */
import { idOf, type RecordedEvent } from '../../contracts/message.ts';
import { incomingOf } from '../../media/intake/direct/incoming.ts';
import { takingTurns } from '../../platform/concurrency/taking-turns.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Files } from '../../platform/files/files.ts';

/** The files that somebody uploaded, and those on their profile, by their id: `true` where one is over. */
export type FilesInEvents = ReadonlyMap<string, boolean>;

interface Followed {
  isOwn: boolean;
  isOnProfile: boolean;
  isOver: boolean;
}

const ENDS: ReadonlySet<string> = new Set(['MediaDeleted', 'MediaRefused']);
/** The types whose data says whose a file is. */
const SAYING: ReadonlySet<string> = new Set(['MediaReceived', 'MediaAttached', 'MediaDetached']);

/** The files of a person in the log, of which it reads all. Errors: those of the store. */
export async function filesInEvents(store: Pick<EventStore, 'readAll'>, person: string): Promise<FilesInEvents> {
  // Files of everybody, since one may come to a profile later.
  const found = new Map<string, Followed>();
  const turn = takingTurns();
  for await (const page of store.readAll({ lean: true, types: SAYING })) {
    for (const event of page) {
      const next = followed(found.get(idOf(event.stream)), event, person);
      if (next) found.set(idOf(event.stream), next);
    }
    await turn();
  }
  const own = [...found].filter(([, { isOwn, isOnProfile }]) => isOwn || isOnProfile);
  return new Map(own.map(([id, { isOver }]) => [id, isOver]));
}

/** What is known of a file after an event; undefined where that says nothing of a file. */
function followed(before: Followed | undefined, event: RecordedEvent, person: string): Followed | undefined {
  if (ENDS.has(event.type)) return before && { ...before, isOver: true };
  if (!event.stream.startsWith('media-') || !SAYING.has(event.type)) return undefined;
  const { maker, of } = event.data as { maker?: string; of?: { kind: string; id: string } };
  const isOnProfile = of?.kind === 'user' && of.id === person && event.type !== 'MediaDetached';
  return { ...(before ?? { isOwn: maker === person, isOver: false }), isOnProfile };
}

/** The number of objects that are there of these files, and of what the person’s clients posted. Errors: FilesUnavailable. */
export async function objectsLeft(files: Pick<Files, 'list'>, person: string, ids: Iterable<string>): Promise<number> {
  let count = 0;
  for (const prefix of [incomingOf(person), ...[...ids].map((id) => `media/${id}/`)]) for await (const _ of files.list(prefix)) count += 1;
  return count;
}
