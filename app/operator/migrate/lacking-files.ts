/** Whether the store of files that the parts will have holds what the log names: an installation may have had its files elsewhere than in its folder. */
import { isKnown, upcast } from '../../../contracts/catalog.ts';
import type { MediaEvent } from '../../../contracts/media.ts';
import type { RecordedEvent } from '../../../contracts/message.ts';
import { differencesIn, type VerifyContext } from '../../../media/keep/verify.ts';
import type { EventStore } from '../../../platform/event-store/event-store.ts';
import { evolve, initial } from '../../../write-side/deciders/media.ts';

export interface LackingContext extends Pick<VerifyContext, 'keepOriginal'> {
  /** The log, also as it lies in its store: nothing that is sealed in it is asked for. */
  store: EventStore;
  /** The store that the parts will have; null: none was named. */
  files: VerifyContext['files'] | null;
}

/** Resolves to the number of objects that the log names and the store has not, or in another length. Writes nothing. Errors: those of the stores. */
export async function lackingFiles({ store, files, keepOriginal }: LackingContext): Promise<number> {
  const commands = { load: (stream: string) => stateIn(store, stream) } as VerifyContext['commands'];
  let lacking = 0;
  for await (const one of differencesIn({ store, files: files ?? NONE, commands, keepOriginal })) {
    if ('what' in one && one.what !== 'bytes without an event') lacking += 1;
  }
  return lacking;
}

/** The state of a file as it is in the log: a command's own way of loading may keep a snapshot, and the old log stays as it was. */
async function stateIn(store: EventStore, stream: string) {
  let state = initial;
  for await (const page of store.readStream(stream)) {
    for (const event of page) if (isKnown(event)) state = evolve(state, upcast(event) as RecordedEvent & MediaEvent);
  }
  return { state };
}

const NONE: VerifyContext['files'] = {
  stat: async () => undefined,
  list: async function* () {},
  read: () => Promise.reject(new Error('there is nothing to read')),
};
