/** GET /api/media, GET /api/media/:id: files, with what they are on and the sizes that were made of them. */
import { z } from 'zod';
import { FILES_OF, MEDIA_KINDS, type MediaKind, type MediaView, mediaView, streamOfSubject } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Caller, RouteWith } from '../../platform/http/route.ts';
import type { Condition } from '../../platform/read-models/read-models.ts';
import { mediaFiles, subjectName } from '../../projections/projectors/media.ts';
import { badParameter, callerOf, type QueryContext, reading } from '../reading.ts';
import { type StoredFileDocument, storedFiles, visibleFiles } from './media-rights.ts';
import { readPage } from './model-routes.ts';
import { listAnswer, listOf } from './page.ts';
import { cursor, limit } from './parameters.ts';

/** The most things whose files are asked for at once. */
const MOST_THINGS = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** One id, or several, with commas between. */
const ids = z
  .string('must be given once')
  .max(MOST_THINGS * 37)
  .transform((text) => [...new Set(text.toLowerCase().split(','))])
  .refine((all) => all.length <= MOST_THINGS && all.every((one) => UUID.test(one)), `must be 1 to ${MOST_THINGS} UUIDs, separated by commas`)
  .optional();

export const listMediaQuery = z.strictObject({
  ...(Object.fromEntries(MEDIA_KINDS.map((kind) => [kind, ids.meta({ description: FILES_OF[kind].listed })])) as Record<MediaKind, typeof ids>),
  mine: z
    .literal('1', 'must be 1')
    .optional()
    .meta({ description: 'With 1, instead of a thing: all files that the caller uploaded and that count in their room, whatever they are on.' }),
  cursor,
  limit: limit(50),
});
type ListQuery = z.output<typeof listMediaQuery>;

export const listMedia: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/media',
    who: 'user',
    summary:
      'The files on some things of one kind, or those that the caller uploaded, newest first; those that the caller may not see are left out, so a page may be short.',
    tag: 'media',
    query: listMediaQuery,
    response: listOf(mediaView),
  },
  answer: async (context, request) => {
    const query = request.query as ListQuery;
    const caller = callerOf(request);
    const where = query.mine ? ownFiles(query, caller) : [thingsAsked(query), { field: 'status', op: 'in', value: SHOWN } as const];
    const sort = [{ field: 'createdAt', descending: true }];
    const { position, page, next } = await readPage(context, request, mediaFiles, { where, sort, cursor: query.cursor, limit: query.limit });
    // Also of a thing that is deleted, or not theirs to read any more: who uploaded a file may always delete it.
    const files = query.mine ? storedFiles(page) : await visibleFiles(context, request, caller, page);
    const items = files.map(viewOf);
    return listAnswer({ path: '/api/media', parameters: { ...query }, position, items, next });
  },
};

export const getMedia: RouteWith<QueryContext> = {
  row: {
    method: 'GET',
    path: '/api/media/:id',
    who: 'user',
    summary: 'A file: where it stands, what it is on, the sizes that can be fetched.',
    tag: 'media',
    query: z.strictObject({}),
    response: mediaView,
  },
  answer: async (context, request) => {
    const { position, result } = await reading(context, mediaFiles, request, ({ one }) => one(request.params.id ?? ''));
    const [file] = await visibleFiles(context, request, callerOf(request), result ? [result] : []);
    if (!file) throw new ProblemError('not_found', 'There is no such file.');
    return { headers: { ETag: `"${file.document.revision}"`, Position: position }, body: viewOf(file) };
  },
};

const SHOWN = ['pending', 'ready', 'attached'];

/** The conditions for what the caller uploaded. Error: ProblemError `invalid` (400) where a thing is named, too. */
function ownFiles(query: ListQuery, { id }: Caller): Condition[] {
  const named = MEDIA_KINDS.find((kind) => query[kind] !== undefined);
  if (named) throw badParameter(named, 'must be missing where mine is given');
  return [
    { field: 'maker', op: 'eq', value: id },
    { field: 'status', op: 'in', value: [...SHOWN, 'detached'] },
  ];
}

/** The condition for the things that are asked for. Error: ProblemError `invalid` (400) where they are not of exactly one kind. */
function thingsAsked(query: Readonly<Partial<Record<MediaKind, string[] | undefined>>>): Condition {
  const [kind, another] = MEDIA_KINDS.filter((one) => query[one] !== undefined);
  const asked = kind && query[kind];
  if (!asked || another) throw badParameter(another ?? 'task', `exactly one of ${MEDIA_KINDS.join(', ')}, or mine=1, must be given`);
  // The stream of a task is the thing of the files on its comments, too.
  if (kind === 'task') return { field: 'thing', op: 'in', value: asked.map((id) => streamOfSubject({ kind, id })) };
  return { field: 'subject', op: 'in', value: asked.map((id) => subjectName({ kind, id })) };
}

function viewOf({ id, document }: StoredFileDocument): MediaView {
  const { subject: _, thing: __, due: ___, within: ____, leased: _____, unscanned: ______, kept: _______, ...view } = document;
  return { id, ...view };
}
