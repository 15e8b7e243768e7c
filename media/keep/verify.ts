/** Compares the store of files with the events: bytes without an event, and events without bytes. Changes nothing. */
import { createHash } from 'node:crypto';
import { PICTURE_SIZES, type PictureSize } from '../../contracts/media.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Files, StoredFile } from '../../platform/files/files.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import { areas, LONGEST_WORK, leastAge } from './ages.ts';
import { isMade } from './made.ts';

export interface VerifyContext {
  store: EventStore;
  files: Pick<Files, 'stat' | 'list' | 'read'>;
  commands: Pick<CommandHandler, 'load'>;
  /** True where the bytes of pictures as uploaded are kept: else those of a picture whose sizes are made are bytes too many. */
  keepOriginal: boolean;
  /** True: the bytes as they came are read, and compared by their SHA-256; default false. */
  hashes?: boolean;
  /** The time of day in milliseconds since 1970, where others are at work on both meanwhile: what may be theirs is no difference then. */
  beside?: (() => number) | undefined;
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

/** How far a comparison is. */
export interface ComparedSoFar {
  compared: number;
  of: 'files' | 'objects';
}

/**
 * Compares both, and yields each difference as it is found, and how far it is now and then, so that whoever waits knows that it goes on; returns the numbers. A stream, and the names of its objects, are in memory at a time. What differs is looked at twice: beside a process that goes on something
 * may be between its bytes and its event. Errors: those of the stores.
 */
export async function* differencesIn(context: VerifyContext): AsyncGenerator<Difference | ComparedSoFar, Verified> {
  const everyFile = { of: 'files', pulse: context.hashes ? 1 : PULSE } as const;
  const ofEvents = yield* compared(received(context.store), (id) => ofFile(context, id), everyFile);
  const ofStore = yield* compared(objectsOf(context.files), (key) => ofObject(context, key), { of: 'objects', pulse: PULSE });
  return { files: ofEvents.compared, objects: ofStore.compared, differences: ofEvents.differences + ofStore.differences };
}

async function* compared(
  all: AsyncIterable<string>,
  look: (one: string) => Promise<Difference[]>,
  { of, pulse }: { of: ComparedSoFar['of']; pulse: number },
): AsyncGenerator<Difference | ComparedSoFar, { compared: number; differences: number }> {
  const found = { compared: 0, differences: 0 };
  for await (const one of all) {
    const differences = await twice(() => look(one));
    found.compared += 1;
    found.differences += differences.length;
    yield* differences;
    if (found.compared % pulse === 0) yield { compared: found.compared, of };
  }
  return found;
}

async function* objectsOf(files: Pick<Files, 'list'>): AsyncGenerator<string> {
  for (const area of areas) for await (const { key } of files.list(area)) yield key;
}

/** What is told of a comparison: a difference, or, as the last, the numbers. */
export type VerifiedLine = Difference | ComparedSoFar | Verified;

/** As `differencesIn`, with the numbers as the last that comes. */
export async function* verifiedLines(context: VerifyContext): AsyncGenerator<VerifiedLine> {
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
  const there = await context.files.stat(key);
  return there && !(await isAtWork(context, there)) ? [{ what: 'bytes without an event', key }] : [];
}

/** True where somebody may be about to say what an object is, or to remove it, since its file was deleted or made just now. */
async function isAtWork({ beside, store }: VerifyContext, { key, written }: StoredFile): Promise<boolean> {
  if (!beside) return false;
  if (beside() - written < leastAge(key)) return true;
  const [area, id = ''] = key.split('/');
  if (area !== 'media') return false;
  for await (const [last] of store.readStream(`media-${id}`, { direction: 'backwards', limit: 1 }))
    return last !== undefined && beside() - Date.parse(last.time) < LONGEST_WORK;
  return false;
}

/** The objects that a file must have by its events: the upload, until the last of a picture's sizes is there to stand in its place, or beside them where it is kept; none once it is over. */
function wanted({ status, sizes, kept }: MediaState, keepOriginal: boolean): ('original' | PictureSize)[] {
  if (status === 'deleted' || status === 'refused') return [];
  const isInTheMaking = status === 'pending' && !sizes.includes('full');
  const hasOriginal = sizes.length === 0 || isInTheMaking || (kept && keepOriginal);
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
