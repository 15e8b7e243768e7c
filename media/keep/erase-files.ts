/**
 * Erases the files of a person: those that they uploaded, wherever these are, and those on their profile, as their picture, whoever uploaded it. Each is
 * deleted as if somebody had asked for it, so that everybody hears of it, and its bytes are gone when this is done.
 */
import type { MediaStatus } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Files } from '../../platform/files/files.ts';
import { type Condition, type ModelState, type ReadModels, ReadModelsUnavailable } from '../../platform/read-models/read-models.ts';
import { stableId } from '../../platform/stable-id.ts';
import { mediaFiles, subjectName } from '../../projections/projectors/media.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import { incomingOf } from '../intake/direct/incoming.ts';
import { keysOf, removeAll } from './remover.ts';
import { livingOf } from './sweep.ts';

export interface EraseFilesContext {
  files: Files;
  commands: CommandHandler;
  readModels: ReadModels;
  store: Pick<EventStore, 'head'>;
  now(): Date;
}

/** The numbers of files that an erasure deleted, and of objects that it removed: each size of a picture is one, and so is what was posted and not received. */
export interface ErasedFiles {
  files: number;
  objects: number;
}

const PAGE = 200;
/** Milliseconds for which the read model of files is waited for. */
const REACHED_WITHIN = 5_000;
const ERASER = { id: 'system', role: 'system', seesAll: true } as const;
const OVER: ReadonlySet<MediaStatus> = new Set(['deleted', 'refused']);

/**
 * Erases them; repeating it does no harm. From `UserDeleted` on nothing more is received of a user, so what a second call finds was under way at the first.
 * It goes through the whole store of files, since nothing lists what was left of files that are over; bytes whose upload was never recorded are nobody's,
 * and left to the sweep. Errors: those of the ports; ReadModelsUnavailable while the read model of files is behind, or made anew.
 */
export async function eraseFilesOf(context: EraseFilesContext, userId: string): Promise<ErasedFiles> {
  const own = await listedOf(context, userId);
  const erased: ErasedFiles = { files: 0, objects: await removeAll(context.files, incomingOf(userId)) };
  for (const id of own) {
    if (await deleted(context, id)) erased.files += 1;
    erased.objects += await removeAll(context.files, keysOf(id));
  }
  erased.objects += await removeLeft(context, userId);
  return erased;
}

/** The ids of the person's files that the read model lists; it is at the log's end, or this rejects. */
async function listedOf(context: EraseFilesContext, userId: string): Promise<Set<string>> {
  const { readModels, store } = context;
  const { model } = mediaFiles;
  const isThere = await readModels.reached(model, await store.head(), REACHED_WITHIN);
  const state = await readModels.state(model);
  if (!isThere || state?.version !== model.version) throw new ReadModelsUnavailable(new Error('the list of files is behind, or made anew'));
  const ids = new Set<string>();
  for (const [field, value] of [
    ['maker', userId],
    ['subject', subjectName({ kind: 'user', id: userId })],
  ] as const) {
    for (const id of await idsWhere(readModels, state, { field, op: 'eq', value })) ids.add(id);
  }
  return ids;
}

async function idsWhere(readModels: EraseFilesContext['readModels'], { generation }: ModelState, where: Condition): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const last = ids.at(-1);
    const after = last === undefined ? {} : { after: { values: [], id: last } };
    const page = await readModels.find(mediaFiles.model, generation, { where: [where], sort: [], limit: PAGE, ...after });
    ids.push(...page.map(({ id }) => id));
    if (page.length < PAGE) return ids;
  }
}

/** Deletes a file; false where it is deleted already. */
async function deleted({ commands, now }: EraseFilesContext, id: string): Promise<boolean> {
  const commandId = stableId(id, 'erase');
  const command = { type: 'DeleteMedia', stream: `media-${id}`, id, data: null, commandId, actor: ERASER, now: now().toISOString() };
  try {
    await commands.handle(command, { correlationId: commandId });
    return true;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'not_found') return false;
    throw error;
  }
}

/** Removes what is left of the person's files that are over: nobody may fetch it, and the sweep would come in an hour. */
async function removeLeft(context: EraseFilesContext, userId: string): Promise<number> {
  let removed = 0;
  for await (const ids of idsIn(context.files)) {
    const living = await livingOf(context, ids);
    for (const id of ids) if (!living.has(id) && (await isOver(context, id, userId))) removed += await removeAll(context.files, keysOf(id));
  }
  return removed;
}

async function isOver({ commands }: EraseFilesContext, id: string, userId: string): Promise<boolean> {
  const { state } = await commands.load<MediaState>(`media-${id}`);
  const isOwn = state.maker === userId || subjectName(state.of) === subjectName({ kind: 'user', id: userId });
  return isOwn && OVER.has(state.status);
}

/** The ids of all files of which there are bytes, a page at a time. */
async function* idsIn(files: Files): AsyncGenerator<string[]> {
  let ids: string[] = [];
  for await (const { key } of files.list('media/')) {
    const id = key.split('/')[1] ?? '';
    if (id !== ids.at(-1)) ids.push(id);
    if (ids.length < PAGE) continue;
    yield ids;
    ids = [];
  }
  yield ids;
}
