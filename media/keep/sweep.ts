/**
 * The sweep: what a process that was killed between bytes and event has left, and files that belong to nothing, or to what was deleted, for too long.
 *
 * The event store decides about each, and not a list: a read model may be behind, or being made anew.
 */
import type { MediaStatus } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Files, StoredFile } from '../../platform/files/files.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import { stableId } from '../../platform/stable-id.ts';
import { type MediaDocument, mediaFiles } from '../../projections/projectors/media.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import type { FoundTwice } from './found-twice.ts';
import { isMade } from './made.ts';
import { markOurs } from './marks.ts';
import { type FileOfDeleted, filesOfDeleted } from './of-deleted.ts';
import { removeAll } from './remover.ts';

export interface SweepContext {
  store: EventStore;
  files: Files;
  commands: CommandHandler;
  readModels: ReadModels;
  settings: { orphanDays: number; keepOriginal: boolean };
  /** The time of day, in milliseconds since 1970. */
  clock: () => number;
  /** Ends the sweep before its next object; the rest waits for the next sweep. */
  signal: AbortSignal;
  /** What the sweeps before have found. */
  twice: FoundTwice;
}

/** The numbers of things that a sweep removed. */
export interface Swept {
  /** Objects without a file, of one that was deleted or refused, posted by a client and never received, or of a picture as it came whose sizes are made. */
  bytes: number;
  /** Uploads in parts, and files half written, in the store itself. */
  unfinished: number;
  /** Files that belonged to nothing, or to what was deleted, for too long. */
  orphans: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Objects looked at together. */
const AT_ONCE = 200;
/** Orphans looked at in one sweep; more wait for the next. */
const MOST_ORPHANS = 500;
const SWEEP = { id: 'system', role: 'system', seesAll: true } as const;
const OVER: ReadonlySet<MediaStatus> = new Set(['deleted', 'refused']);

/** The areas of the store that are swept; beside them are marks, and what others may have put there. */
const SWEPT = ['incoming/', 'media/'];

/**
 * Sweeps once: removes what the sweep an hour ago has found, too. Errors: those of the ports, and the signal's reason, and then the rest waits for the next
 * sweep; FilesOfAnother, and then nothing was removed.
 */
export async function sweepMedia(context: SweepContext): Promise<Swept> {
  await markOurs(context);
  const swept = { bytes: await sweepBytes(context), unfinished: await context.files.sweep(DAY), orphans: await sweepOrphans(context) };
  context.twice.endSweep();
  return swept;
}

async function sweepBytes(context: SweepContext): Promise<number> {
  let removed = 0;
  let some: StoredFile[] = [];
  const removeLeft = async () => {
    const left = (await leftOf(context, some)).filter(({ key, written }) => context.twice.again(`${key} ${written}`));
    for (const { key } of left) {
      context.signal.throwIfAborted();
      await context.files.remove(key);
    }
    removed += left.length;
    some = [];
  };
  for await (const one of oldOnes(context)) {
    context.signal.throwIfAborted();
    some.push(one);
    if (some.length >= AT_ONCE) await removeLeft();
  }
  await removeLeft();
  return removed;
}

/** The objects that nobody can be about to record, as far as clocks can tell. */
async function* oldOnes({ files, clock }: SweepContext): AsyncGenerator<StoredFile> {
  for (const area of SWEPT) {
    const least = area === 'incoming/' ? DAY : HOUR;
    for await (const one of files.list(area)) if (clock() - one.written >= least) yield one;
  }
}

/** Those among these that have no file, or one that is over; and pictures as they came, in whose place others stand. */
async function leftOf(context: SweepContext, stored: readonly StoredFile[]): Promise<StoredFile[]> {
  const ids = [...new Set(stored.filter(({ key }) => key.startsWith('media/')).map(({ key }) => idOf(key)))];
  const listed = await livingOf(context, ids);
  const over = new Set<string>();
  for (const id of ids) if (!listed.has(id) && (await isOver(context, id))) over.add(id);
  const left: StoredFile[] = [];
  for (const one of stored) {
    const { key } = one;
    if (key.startsWith('incoming/') || over.has(idOf(key)) || (await isReplaced(context, key, listed.get(idOf(key))))) left.push(one);
  }
  return left;
}

const idOf = (key: string) => (key.startsWith('media/') ? (key.split('/')[1] ?? '') : '');

/** The files among these that live, by the read model. It may be behind: then the event store is asked about more than it must be. */
export async function livingOf(
  { readModels }: Pick<SweepContext, 'readModels'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, MediaDocument>> {
  const { model } = mediaFiles;
  const state = await readModels.state(model);
  const found = state?.version === model.version ? await readModels.get(model, state.generation, ids) : [];
  const documents = found.map(({ id, document }) => [id, document as MediaDocument | null] as const);
  return new Map(documents.filter((one): one is [string, MediaDocument] => one[1] !== null && one[1].status !== 'refused'));
}

/** True for a picture as it came that was stored again after its sizes were made, as by an upload that was slow and repeated. */
async function isReplaced({ commands, settings }: SweepContext, key: string, listed: MediaDocument | undefined): Promise<boolean> {
  if (settings.keepOriginal || !listed || !key.endsWith('/original')) return false;
  if (!isMade({ status: listed.status, sizes: listed.sizes.map(({ size }) => size) })) return false;
  return isMade((await commands.load<MediaState>(`media-${idOf(key)}`)).state);
}

/** True where a file was never received, or is over. */
async function isOver({ commands }: SweepContext, id: string): Promise<boolean> {
  const { state, missing } = await commands.load<MediaState>(`media-${id}`);
  // Of a stream that this release does not wholly know nothing is removed.
  return missing === undefined && (!state.exists || OVER.has(state.status));
}

async function sweepOrphans(context: SweepContext): Promise<number> {
  const { readModels, settings, clock, signal } = context;
  const { model } = mediaFiles;
  const state = await readModels.state(model);
  if (!state || state.version !== model.version) return 0;
  const before = new Date(clock() - settings.orphanDays * DAY).toISOString();
  let swept = 0;
  const sweepIfFoundTwice = async ({ id, revision }: FileOfDeleted) => {
    signal.throwIfAborted();
    if (context.twice.again(`${id} ${revision}`) && (await sweepOrphan(context, id, revision))) swept += 1;
  };
  for (const status of ['detached', 'refused']) {
    const found = await readModels.find(model, state.generation, {
      where: [
        { field: 'status', op: 'eq', value: status },
        { field: 'updatedAt', op: 'lt', value: before },
      ],
      sort: [{ field: 'updatedAt', descending: false }],
      limit: MOST_ORPHANS,
    });
    for (const { id, document } of found) await sweepIfFoundTwice({ id, revision: Number(document?.revision) });
  }
  for await (const one of filesOfDeleted(context, before)) await sweepIfFoundTwice(one);
  return swept;
}

/** False where something came between, or it is gone already. */
async function sweepOrphan({ commands, files, clock }: SweepContext, id: string, revision: number): Promise<boolean> {
  const commandId = stableId(id, `sweep ${revision}`);
  const now = new Date(clock()).toISOString();
  const command = { type: 'SweepMedia', stream: `media-${id}`, id, data: null, commandId, actor: SWEEP, now };
  try {
    await commands.handle(command, { correlationId: commandId, ifMatch: [revision] });
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  }
  await removeAll(files, `media/${id}/`);
  return true;
}
