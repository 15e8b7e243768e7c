/** Compares the store of files with the events: bytes without an event, and events without bytes. Changes nothing. */
import { PICTURE_SIZES } from '../../contracts/media.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Files } from '../../platform/files/files.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import { isMade } from './made.ts';

export interface VerifyContext {
  store: EventStore;
  files: Files;
  commands: Pick<CommandHandler, 'load'>;
  /** True where the bytes of pictures as uploaded are kept: else those of a picture whose sizes are made are bytes too many. */
  keepOriginal: boolean;
}

/** A difference. */
export interface Difference {
  what: 'bytes without an event' | 'an event without bytes' | 'bytes of another length';
  key: string;
}

/** The numbers of files that were compared. */
export interface Verified {
  files: number;
  objects: number;
  differences: number;
}

/** Compares both, and tells each difference as it is found; a stream, and the names of its objects, in memory at a time. Errors: those of the stores. */
export async function verifyMedia(context: VerifyContext, tell: (one: Difference) => void): Promise<Verified> {
  const found: Verified = { files: 0, objects: 0, differences: 0 };
  const told = (one: Difference) => {
    found.differences += 1;
    tell(one);
  };
  for await (const id of received(context.store)) {
    found.files += 1;
    await compareFile(context, id, told);
  }
  for (const area of ['incoming/', 'media/']) {
    for await (const { key } of context.files.list(area)) {
      found.objects += 1;
      if (!(await isKnown(context, key))) told({ what: 'bytes without an event', key });
    }
  }
  return found;
}

async function* received(store: EventStore): AsyncGenerator<string> {
  for await (const events of store.readAll()) {
    for (const { type, stream } of events) if (type === 'MediaReceived') yield stream.slice('media-'.length);
  }
}

async function compareFile({ commands, files }: VerifyContext, id: string, tell: (one: Difference) => void): Promise<void> {
  const { state } = await commands.load<MediaState>(`media-${id}`);
  for (const name of wanted(state)) {
    const key = `media/${id}/${name}`;
    const there = await files.stat(key);
    if (!there) tell({ what: 'an event without bytes', key });
    else if (name === 'original' && there.bytes !== state.bytes) tell({ what: 'bytes of another length', key });
  }
}

/** The objects that a file must have by its events: the upload, until a picture's sizes stand in its place; none once it is over. */
function wanted({ status, sizes }: MediaState): string[] {
  if (status === 'deleted' || status === 'refused') return [];
  return sizes.length === 0 || status === 'pending' ? ['original', ...sizes] : [...sizes];
}

async function isKnown({ commands, keepOriginal }: VerifyContext, key: string): Promise<boolean> {
  const [area, id = '', name = ''] = key.split('/');
  if (area !== 'media') return false;
  const { state } = await commands.load<MediaState>(`media-${id}`);
  if (!state.exists || state.status === 'deleted' || state.status === 'refused') return false;
  if (name === 'original') return keepOriginal || !isMade(state);
  return (PICTURE_SIZES as readonly string[]).includes(name);
}
