/** GET /api/media/:id/url and GET /api/media/urls: where the caller can fetch files for the next minutes. */
import { z } from 'zod';
import { MOST_ADDRESSES, mediaAddresses, mediaUrl } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { Caller, RouteWith } from '../../platform/http/route.ts';
import { isReady, type MediaState } from '../../write-side/deciders/media.ts';
import { fileState, isForEverybody, readsFile } from './may-fetch.ts';
import { type HoldsBack, servedFile } from './served-file.ts';
import { DISPOSITIONS, type Disposition, expiryAfter, pathOf, SERVED_SIZES, type ServedSize, signedPath } from './signed-url.ts';
import type { UrlKeys } from './url-keys.ts';

export interface UrlContext extends HoldsBack {
  commands: Pick<CommandHandler, 'load'>;
  urlKeys: Pick<UrlKeys, 'newest'>;
  now(): Date;
  /** The origin of files, where they have one of their own; else empty, and URLs begin with their path. */
  origin: string;
}

const asked = {
  size: z
    .enum(SERVED_SIZES, `must be one of ${SERVED_SIZES.join(', ')}`)
    .default('original')
    .meta({ description: 'The longest edge of a picture in pixels, or all of it. Of a picture, `original` is `full`.' }),
  disposition: z
    .enum(DISPOSITIONS, `must be one of ${DISPOSITIONS.join(', ')}`)
    .default('inline')
    .meta({ description: 'Shown (pictures, PDF, audio and video; all else is saved whatever is said), or saved.' }),
};
const askedUrl = z.strictObject(asked);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const askedUrls = z.strictObject({
  ids: z
    .string('must be given once')
    .max(MOST_ADDRESSES * 37)
    .transform((text) => [...new Set(text.toLowerCase().split(','))])
    .refine((all) => all.length <= MOST_ADDRESSES && all.every((one) => UUID.test(one)), `must be 1 to ${MOST_ADDRESSES} UUIDs, separated by commas`)
    .meta({ description: `The files: at most ${MOST_ADDRESSES} ids, separated by commas.` }),
  ...asked,
});

/** What is asked for of a file. */
interface AskedFile {
  id: string;
  size: ServedSize;
  disposition: Disposition;
}

const headers = { 'Cache-Control': 'no-store' };

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
    const file = { id: params.id ?? '', ...(query as z.output<typeof askedUrl>) };
    const found = await readable(context, file.id, caller as Caller);
    if (!found) throw new ProblemError('not_found', 'There is no such file.');
    const body = await addressOf(context, caller as Caller, file, found);
    if (!body) throw new ProblemError('not_found', notThere(file, found.state, context));
    return { headers, body };
  },
};

export const urlsRoute: RouteWith<UrlContext> = {
  row: {
    method: 'GET',
    path: '/api/media/urls',
    who: 'user',
    summary: 'Addresses of several files, each as `/api/media/{id}/url` gives it: one question for all thumbnails of a page.',
    tag: 'media',
    query: askedUrls,
    response: mediaAddresses,
  },
  answer: async (context, { query, caller }) => {
    const { ids, ...how } = query as z.output<typeof askedUrls>;
    const items = await Promise.all(
      ids.map(async (id) => {
        const found = await readable(context, id, caller as Caller);
        const address = found && (await addressOf(context, caller as Caller, { id, ...how }, found));
        return address ? [{ id, ...address }] : [];
      }),
    );
    return { headers, body: { items: items.flat() } };
  },
};

function notThere({ size }: AskedFile, { status, scanned }: MediaState, { scanning }: HoldsBack): string {
  if (scanning && !scanned && isReady({ status })) return 'This file waits for the scanner. Try again in some minutes.';
  return `This file has no size ${size}, or not yet: it is ${status}.`;
}

/** A file that the caller may fetch. */
interface ReadableFile {
  state: MediaState;
  /** True where everybody may, as things are now. */
  isPublic: boolean;
}

/** A file that the caller may fetch; undefined where there is none for them. */
async function readable(context: UrlContext, id: string, caller: Caller): Promise<ReadableFile | undefined> {
  const state = await fileState(context, id);
  const isPublic = await isForEverybody(context, state);
  return isPublic || (await readsFile(context, caller, state)) ? { state, isPublic } : undefined;
}

/** The address of a file for the caller; undefined where the size is not there, or not yet. */
async function addressOf(
  { urlKeys, now, origin, scanning }: UrlContext,
  { id: user, sessionId: session }: Caller,
  { id, size, disposition }: AskedFile,
  { state, isPublic }: ReadableFile,
): Promise<z.infer<typeof mediaUrl> | undefined> {
  if (!servedFile(id, state, size, { scanning })) return undefined;
  if (isPublic) return { url: `${origin}${pathOf(id, size)}${disposition === 'inline' ? '' : `?disposition=${disposition}`}`, expiresAt: null };
  const expires = expiryAfter(now().getTime());
  const path = signedPath({ id, size, disposition, user, session, expires }, await urlKeys.newest());
  return { url: `${origin}${path}`, expiresAt: new Date(expires * 1_000).toISOString() };
}
