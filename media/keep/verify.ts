/** Compares the store of files with the events: bytes without an event, and events without bytes. Changes nothing. */
import { createHash } from 'node:crypto';
import { PICTURE_SIZES, type PictureSize } from '../../contracts/media.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Files } from '../../platform/files/files.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import { isMade } from './made.ts';

export interface VerifyContext {
  store: EventStore;
  files: Pick<Files, 'stat' | 'list' | 'read'>;
  commands: Pick<CommandHandler, 'load'>;
  /** True where the bytes of pictures as uploaded are kept: else those of a picture whose sizes are made are bytes too many. */
  keepOriginal: boolean;
  /** True: the bytes as they came are read, and compared by their SHA-256; default false. */
  hashes?: boolean;
}

/** A difference. */
export interface Difference {
  what: 'bytes without an event' | 'an event without bytes' | 'bytes of another length' | 'other bytes of the same length';
  key: string;
}

/** The numbers of files that were compared. */
export interface Verified {
  files: number;
  objects: number;
  differences: number;
}

/**
 * Compares both, and yields each difference as it is found, and null now and then where there is none, so that whoever waits knows that it goes on; returns
 * the numbers. A stream, and the names of its objects, are in memory at a time. What differs is looked at twice: beside a process that goes on something
 * may be between its bytes and its event. Errors: those of the stores.
 */
export async function* differencesIn(context: VerifyContext): AsyncGenerator<Difference | null, Verified> {
  const ofEvents = yield* compared(received(context.store), (id) => ofFile(context, id), context.hashes ? 1 : PULSE);
  const ofStore = yield* compared(objectsOf(context.files), (key) => ofObject(context, key), PULSE);
  return { files: ofEvents.compared, objects: ofStore.compared, differences: ofEvents.differences + ofStore.differences };
}

async function* compared(
  all: AsyncIterable<string>,
  look: (one: string) => Promise<Difference[]>,
  pulse: number,
): AsyncGenerator<Difference | null, { compared: number; differences: number }> {
  const found = { compared: 0, differences: 0 };
  for await (const one of all) {
    const differences = await twice(() => look(one));
    found.compared += 1;
    found.differences += differences.length;
    yield* differences;
    if (found.compared % pulse === 0) yield null;
  }
  return found;
}

async function* objectsOf(files: Pick<Files, 'list'>): AsyncGenerator<string> {
  for (const area of ['incoming/', 'media/']) for await (const { key } of files.list(area)) yield key;
}

/** What is told of a comparison: a difference, or, as the last, the numbers. */
export type VerifiedLine = Difference | Verified;

/** As `differencesIn`, with the numbers as the last that comes. */
export async function* verifiedLines(context: VerifyContext): AsyncGenerator<VerifiedLine | null> {
  yield yield* differencesIn(context);
}

/** Files, or objects, after each of which it is told that the comparison goes on; after each file whose bytes are read. */
const PULSE = 100;

/** Those that a second look finds, too. */
async function twice(look: () => Promise<Difference[]>): Promise<Difference[]> {
  const first = await look();
  if (first.length === 0) return first;
  const again = await look();
  return again.filter(({ what, key }) => first.some((one) => one.what === what && one.key === key));
}

async function* received(store: EventStore): AsyncGenerator<string> {
  for await (const events of store.readAll()) {
    for (const { type, stream } of events) if (type === 'MediaReceived') yield stream.slice('media-'.length);
  }
}

async function ofFile(context: VerifyContext, id: string): Promise<Difference[]> {
  const { state } = await context.commands.load<MediaState>(`media-${id}`);
  const found: Difference[] = [];
  for (const name of wanted(state, context.keepOriginal)) {
    const key = `media/${id}/${name}`;
    const what = await wrongWith(context, key, name === 'original' ? state : { bytes: state.lengths[name] });
    if (what) found.push({ what, key });
  }
  return found;
}

/** What is wrong with an object of which this is recorded; undefined where nothing is. Of what was made of a picture no hash is recorded. */
async function wrongWith(
  { files, hashes = false }: VerifyContext,
  key: string,
  { bytes, sha256 }: { bytes?: number; sha256?: string },
): Promise<Difference['what'] | undefined> {
  const there = await files.stat(key);
  if (!there) return 'an event without bytes';
  if (there.bytes !== bytes) return 'bytes of another length';
  if (!hashes || sha256 === undefined) return undefined;
  return (await hashOf(files, key)) === sha256 ? undefined : 'other bytes of the same length';
}

async function hashOf(files: Pick<Files, 'read'>, key: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of (await files.read(key)).stream) hash.update(piece);
  return hash.digest('hex');
}

/** The difference of an object; none where it has gone since it was listed. */
async function ofObject(context: VerifyContext, key: string): Promise<Difference[]> {
  if (await isKnown(context, key)) return [];
  return (await context.files.stat(key)) ? [{ what: 'bytes without an event', key }] : [];
}

/** The objects that a file must have by its events: the upload, until a picture's sizes stand in its place, or beside them where it is kept; none once it is over. */
function wanted({ status, sizes, kept }: MediaState, keepOriginal: boolean): ('original' | PictureSize)[] {
  if (status === 'deleted' || status === 'refused') return [];
  const hasOriginal = sizes.length === 0 || status === 'pending' || (kept && keepOriginal);
  return hasOriginal ? ['original', ...sizes] : [...sizes];
}

async function isKnown({ commands, keepOriginal }: VerifyContext, key: string): Promise<boolean> {
  const [area, id = '', name = ''] = key.split('/');
  if (area !== 'media') return false;
  const { state } = await commands.load<MediaState>(`media-${id}`);
  if (!state.exists || state.status === 'deleted' || state.status === 'refused') return false;
  if (name === 'original') return keepOriginal || !isMade(state);
  return (PICTURE_SIZES as readonly string[]).includes(name);
}
