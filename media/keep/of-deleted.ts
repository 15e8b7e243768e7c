/**
 * Files on things that were deleted, or are gone, for longer than a deletion is taken back with its files.
 *
 * Read models only say of which things the event store need not be asked: those that they show.
 */
import { FILES_OF, isFiledThing, type MediaKind } from '../../contracts/media.ts';
import { idOf } from '../../contracts/message.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { ReadModels, Stored } from '../../platform/read-models/read-models.ts';
import { type MediaDocument, mediaFiles } from '../../projections/projectors/media.ts';
import { mainProjector } from '../../projections/projectors.ts';

export interface OfDeletedContext {
  store: Pick<EventStore, 'readStream'>;
  commands: Pick<CommandHandler, 'load'>;
  readModels: Pick<ReadModels, 'state' | 'find' | 'get'>;
}

/** A file as the read model has it, whose thing is deleted. */
export interface FileOfDeleted {
  id: string;
  revision: number;
}

const PAGE = 200;

/** The files whose things were deleted before this time (ISO 8601). A page, and its things, are in memory at a time. Errors: those of the ports. */
export async function* filesOfDeleted(context: OfDeletedContext, before: string): AsyncGenerator<FileOfDeleted> {
  for await (const page of attached(context)) {
    const over = await thingsOver(context, page, before);
    // Where the thing has left no event, it is gone since nobody knows when.
    const left = page.filter(({ document: { thing, updatedAt } }) => over.has(thing) && updatedAt < before);
    yield* left.map(({ id, document: { revision } }) => ({ id, revision }));
  }
}

/** The streams of those things of files that were deleted before this time, or are gone. */
async function thingsOver(context: OfDeletedContext, page: readonly AttachedFile[], before: string): Promise<ReadonlySet<string>> {
  const shown = await shownThings(context, page);
  const over = new Set<string>();
  for (const thing of new Set(page.map(({ document }) => document.thing)))
    if (!shown.has(thing) && (await isDeletedSince(context, thing, before))) over.add(thing);
  return over;
}

interface AttachedFile {
  id: string;
  document: MediaDocument;
}

async function* attached({ readModels }: OfDeletedContext): AsyncGenerator<AttachedFile[]> {
  const { model } = mediaFiles;
  const state = await readModels.state(model);
  if (state?.version !== model.version) return;
  let last: Stored | undefined;
  do {
    const page = await readModels.find(model, state.generation, {
      where: [{ field: 'status', op: 'eq', value: 'attached' }],
      sort: [{ field: 'updatedAt', descending: false }],
      limit: PAGE,
      ...(last ? { after: { values: [String(last.document?.updatedAt)], id: last.id } } : {}),
    });
    yield page.flatMap(({ id, document }) => (document ? [{ id, document: document as MediaDocument }] : []));
    last = page.length === PAGE ? page.at(-1) : undefined;
  } while (last);
}

/** The streams of those things that are there, as far as read models know. */
async function shownThings(context: OfDeletedContext, files: readonly AttachedFile[]): Promise<ReadonlySet<string>> {
  const byKind = Map.groupBy(files, ({ document }) => document.of.kind);
  const shown = await Promise.all([...byKind].map(([kind, some]) => shownOfKind(context, kind, new Set(some.map(({ document }) => document.thing)))));
  return new Set(shown.flat());
}

async function shownOfKind({ readModels }: OfDeletedContext, kind: MediaKind, streams: ReadonlySet<string>): Promise<string[]> {
  const { model } = mainProjector(FILES_OF[kind].category);
  const state = await readModels.state(model);
  if (!state) return [];
  const found = await readModels.get(model, state.generation, [...streams].map(idOf));
  const living = new Set(found.filter(({ document }) => document && !document.deleted).map(({ id }) => id));
  return [...streams].filter((stream) => living.has(idOf(stream)));
}

/** True where a thing was deleted before this time, or never was. Of a stream that this release does not wholly know it is not said. */
async function isDeletedSince({ commands, store }: OfDeletedContext, thing: string, before: string): Promise<boolean> {
  const { state, missing } = await commands.load<unknown>(thing);
  if (missing !== undefined || isFiledThing(state)) return false;
  for await (const [last] of store.readStream(thing, { direction: 'backwards', limit: 1 })) return last === undefined || last.time < before;
  return true;
}
