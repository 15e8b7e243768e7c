/** GET /media/:id/:size: the bytes of a file, for whoever may have them now. */
import type { Readable } from 'node:stream';
import { ProblemError } from '../../contracts/problem.ts';
import { type ByteRange, FileMissing, type Files } from '../../platform/files/files.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { rangeAsked, rangeHolds } from './byte-range.ts';
import { type FetchContext, fetched } from './may-fetch.ts';
import { dispositionOf, type HoldsBack, type ServedFile, safetyHeaders, servedFile } from './served-file.ts';
import { SERVED_SIZES, type ServedSize, type UrlQuery, urlQuery } from './signed-url.ts';

export interface ServingContext extends FetchContext, HoldsBack {
  files: Pick<Files, 'read' | 'stat' | 'directGet'>;
  /** True where files have an origin of their own. */
  apart: boolean;
}

/** Seconds for which the store itself answers a client that was sent to it. */
const DIRECT_SECONDS = 60;
/** Seconds for which everybody may keep a public file: it can be made private, or deleted. */
const PUBLIC_SECONDS = 300;

export const fetchRoute: RouteWith<ServingContext> = {
  row: {
    method: 'GET',
    path: '/media/:id/:size',
    who: 'anyone',
    summary: 'The bytes of a file, at an address from `/api/media/:id/url`; of a public file without a signature. One range at a time.',
    tag: 'media',
    query: urlQuery,
  },
  answer: async (context, request) => {
    const query = request.query as UrlQuery;
    const size = sizeNamed(request.params.size);
    const id = request.params.id ?? '';
    const state = await fetched(context, { id, size }, query);
    const file = servedFile(id, state, size, context);
    if (!file) throw new ProblemError('not_found', 'This size of the file is not there. It may come soon.');
    const headers = headersOf(context, file, query);
    if (context.files.directGet) return redirect(context.files.directGet, file, headers);
    return whole(context, request, { file, headers });
  },
};

function sizeNamed(text: string | undefined): ServedSize {
  const size = SERVED_SIZES.find((one) => one === text);
  if (size) return size;
  throw new ProblemError('not_found', `There are the sizes ${SERVED_SIZES.join(', ')}.`);
}

function headersOf({ apart, now }: ServingContext, file: ServedFile, { disposition, expires }: UrlQuery): Record<string, string> {
  const left = expires === undefined ? PUBLIC_SECONDS : Math.max(Math.floor(Number(expires) - now().getTime() / 1_000), 0);
  return {
    'Content-Type': file.type,
    'Content-Disposition': dispositionOf(file, disposition || 'inline'),
    ETag: file.etag,
    'Accept-Ranges': 'bytes',
    'Cache-Control': `${expires === undefined ? 'public' : 'private'}, max-age=${left}`,
    ...safetyHeaders(file.type, apart),
  };
}

async function redirect(directGet: NonNullable<Files['directGet']>, { key, type }: ServedFile, headers: Record<string, string>): Promise<Answer> {
  const disposition = headers['Content-Disposition'] ?? 'attachment';
  const location = await directGet(key, { seconds: DIRECT_SECONDS, type, disposition });
  return {
    status: 302,
    headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', 'X-Content-Type-Options': 'nosniff' },
  };
}

interface Serving {
  file: ServedFile;
  headers: Record<string, string>;
}

async function whole({ files }: ServingContext, request: RouteRequest, { file, headers }: Serving): Promise<Answer> {
  const found = await files.stat(file.key);
  if (!found) throw bytesMissing();
  const { bytes } = found;
  const range = rangeHolds(request.header('if-range'), file.etag) ? rangeAsked(request.header('range'), bytes) : 'whole';
  if (range === 'none')
    throw new ProblemError('invalid', `It has ${bytes} bytes.`, { status: 416, headers: { 'Content-Range': `bytes */${bytes}` } });
  const part = range === 'whole' ? undefined : range;
  const length = part ? part.to - part.from + 1 : bytes;
  return {
    status: part ? 206 : 200,
    headers: {
      ...headers,
      'Content-Length': String(length),
      ...(part ? { 'Content-Range': `bytes ${part.from}-${part.to}/${bytes}` } : {}),
    },
    open: () => bytesOf(files, file.key, part),
  };
}

async function bytesOf(files: Pick<Files, 'read'>, key: string, part: ByteRange | undefined): Promise<Readable> {
  try {
    return (await files.read(key, part)).stream;
  } catch (error) {
    throw error instanceof FileMissing ? bytesMissing() : error;
  }
}

const bytesMissing = () => new ProblemError('not_found', 'The bytes of this file are not there.');
