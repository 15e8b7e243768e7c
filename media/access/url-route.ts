/** GET /api/media/:id/url: where the caller can fetch a file for the next minutes. */
import { z } from 'zod';
import { mediaUrl } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Caller, RouteWith } from '../../platform/http/route.ts';
import { fileState, isPublic, readsFile } from './may-fetch.ts';
import { servedFile } from './served-file.ts';
import { DISPOSITIONS, expiryAfter, pathOf, SERVED_SIZES, signedPath } from './signed-url.ts';
import type { UrlKeys } from './url-keys.ts';

export interface UrlContext {
  commands: Pick<CommandHandler, 'load'>;
  urlKeys: Pick<UrlKeys, 'newest'>;
  now(): Date;
  /** The origin of files, where they have one of their own; else empty, and URLs begin with their path. */
  origin: string;
}

const askedUrl = z.strictObject({
  size: z
    .enum(SERVED_SIZES, `must be one of ${SERVED_SIZES.join(', ')}`)
    .default('original')
    .meta({ description: 'The longest edge of a picture in pixels, or all of it. Of a picture, `original` is `full`.' }),
  disposition: z
    .enum(DISPOSITIONS, `must be one of ${DISPOSITIONS.join(', ')}`)
    .default('inline')
    .meta({ description: 'Shown (pictures, PDF, audio and video; all else is saved whatever is said), or saved.' }),
});

export const urlRoute: RouteWith<UrlContext> = {
  row: {
    method: 'GET',
    path: '/api/media/:id/url',
    who: 'user',
    summary: 'An address at which the caller can fetch a file without a header, for at most 15 minutes.',
    tag: 'media',
    query: askedUrl,
    response: mediaUrl,
  },
  answer: async (context, { params, query, caller }) => {
    const { size, disposition } = query as z.output<typeof askedUrl>;
    const [id, user] = [params.id ?? '', caller as Caller];
    const state = await fileState(context, id);
    if (!(await readsFile(context, user, state)) && !isPublic(state)) throw new ProblemError('not_found', 'There is no such file.');
    if (!servedFile(id, state, size)) throw new ProblemError('not_found', `This file has no size ${size}, or not yet: it is ${state.status}.`);
    const headers = { 'Cache-Control': 'no-store' };
    if (isPublic(state)) {
      const query = disposition === 'inline' ? '' : `?disposition=${disposition}`;
      return { headers, body: { url: `${context.origin}${pathOf(id, size)}${query}`, expiresAt: null } };
    }
    const expires = expiryAfter(context.now().getTime());
    const grant = { id, size, disposition, user: user.id, session: user.sessionId, expires };
    const url = `${context.origin}${signedPath(grant, await context.urlKeys.newest())}`;
    return { headers, body: { url, expiresAt: new Date(expires * 1_000).toISOString() } };
  },
};
