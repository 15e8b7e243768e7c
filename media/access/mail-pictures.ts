/**
 * The pictures of a task that a mail may link, each at an address without a session: whoever has the mail has the picture until its end.
 *
 *     const picturesFor = openMailPictures({ readModels, commands, urlKeys: urlKeysIn(secrets), base: 'https://files.example.org', now });
 *     const { links, more } = await picturesFor('task-7d9f2b2e', { id, role, seesAll });
 */
import type { Actor } from '../../contracts/aggregate.ts';
import { idOf } from '../../contracts/message.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import { mediaFiles, subjectName } from '../../projections/projectors/media.ts';
import type { MediaState } from '../../write-side/deciders/media.ts';
import { type FetchContext, fileState, MAIL_SECONDS, readsFile } from './may-fetch.ts';
import { type HoldsBack, isPicture, servedFile } from './served-file.ts';
import { signedPath } from './signed-url.ts';
import type { UrlKeys } from './url-keys.ts';

export interface MailPicturesContext extends Pick<FetchContext, 'commands'>, HoldsBack {
  readModels: Pick<ReadModels, 'state' | 'find'>;
  urlKeys: Pick<UrlKeys, 'newest'>;
  /** The origin that the addresses begin with, without a slash at its end. */
  base: string;
  now(): Date;
}

/** The pictures of one task, for one reader. */
export interface TaskPictures {
  links: { name: string; url: string }[];
  /** The number of pictures beyond those, up to the files that are looked at. */
  more: number;
}

/** Finds the pictures of a task (its stream) which a reader may read now. Errors: those of the ports. */
export type MailPictures = (stream: string, reader: Actor) => Promise<TaskPictures>;

/** The most pictures that a mail links. */
const MOST_LINKS = 5;
/** The most files of a task that are looked at for pictures. */
const MOST_FILES = 50;
/** The size that is linked: a screen full. Of a smaller picture it is all of it. */
const SIZE = '2048';

export function openMailPictures(context: MailPicturesContext): MailPictures {
  const { urlKeys, base, now } = context;

  async function links(files: readonly string[], user: string): Promise<string[]> {
    const key = await urlKeys.newest();
    const expires = Math.floor(now().getTime() / 1_000) + MAIL_SECONDS;
    return files.map((id) => `${base}${signedPath({ id, size: SIZE, disposition: 'inline', user, session: null, expires }, key)}`);
  }

  return async (stream, reader) => {
    const ids = await filesOn(stream, context);
    const files = await Promise.all(ids.map(async (id) => ({ id, state: await fileState(context, id) })));
    const pictures = files.filter(({ id, state }) => isLinked({ id, state }, stream, context));
    const readable = await Promise.all(pictures.map(({ state }) => readsFile(context, reader, state)));
    const shown = pictures.filter((_, index) => readable[index]);
    if (shown.length === 0) return { links: [], more: 0 };
    const some = shown.slice(0, MOST_LINKS);
    const urls = await links(
      some.map(({ id }) => id),
      reader.id,
    );
    return { links: some.map(({ state: { name } }, index) => ({ name, url: urls[index] ?? '' })), more: shown.length - some.length };
  };
}

/** The ids of the files on a task, the first one first, as the read model has them. */
async function filesOn(stream: string, { readModels }: MailPicturesContext): Promise<string[]> {
  const state = await readModels.state(mediaFiles.model);
  // No event of a file has been projected yet.
  if (!state) return [];
  const found = await readModels.find(mediaFiles.model, state.generation, {
    where: [{ field: 'subject', op: 'eq', value: subjectName({ kind: 'task', id: idOf(stream) }) }],
    sort: [{ field: 'createdAt', descending: false }],
    limit: MOST_FILES,
  });
  return found.map(({ id }) => id);
}

/** True for a picture that is on the task now, found good, and made in the linked size. */
function isLinked({ id, state }: { id: string; state: MediaState }, stream: string, holdsBack: HoldsBack): boolean {
  const { kind, id: of } = state.of;
  const isThere = state.status === 'ready' || state.status === 'attached';
  return isThere && isPicture(state.type) && kind === 'task' && `task-${of}` === stream && servedFile(id, state, SIZE, holdsBack) !== undefined;
}
