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
/** Seconds of a step: within one, a file has the same address at the store, so that a list which is shown again finds it in the browser's cache. */
const DIRECT_STEP = 30;
/** Seconds before a step from which that address is good: for less than that a process may not have heard that a session or a right has ended. */
const UNHEARD = 5;
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
    const serving = { file, disposition: dispositionOf(file, query.disposition || 'inline'), keeping: keepingOf(query, context.now()) };
    const { directGet } = context.files;
    return directGet ? redirect(directGet, context.now(), serving) : whole(context, request, serving);
  },
};

function sizeNamed(text: string | undefined): ServedSize {
  const size = SERVED_SIZES.find((one) => one === text);
  if (size) return size;
  throw new ProblemError('not_found', `There are the sizes ${SERVED_SIZES.join(', ')}.`);
}

/** Who may keep an answer, and for how many seconds. */
interface Keeping {
  whose: 'public' | 'private';
  seconds: number;
}

function keepingOf({ expires }: UrlQuery, now: Date): Keeping {
  if (expires === undefined) return { whose: 'public', seconds: PUBLIC_SECONDS };
  return { whose: 'private', seconds: Math.max(Math.floor(Number(expires) - now.getTime() / 1_000), 0) };
}

const cacheControl = ({ whose, seconds }: Keeping) => `${whose}, max-age=${seconds}`;

interface Serving {
  file: ServedFile;
  disposition: string;
  keeping: Keeping;
}

/** Sends the client to the store, at an address that is the same within a step; so is the redirect then, which the browser may keep for the rest of it. */
async function redirect(directGet: NonNullable<Files['directGet']>, now: Date, { file, disposition, keeping }: Serving): Promise<Answer> {
  const { whose, seconds: most } = keeping;
  const at = now.getTime() / 1_000;
  const from = Math.floor(at / DIRECT_STEP) * DIRECT_STEP;
  const how = { type: file.type, disposition, cacheControl: cacheControl({ whose, seconds: DIRECT_SECONDS }) };
  const location = await directGet(file.key, { from: new Date((from - UNHEARD) * 1_000), seconds: DIRECT_SECONDS, ...how });
  const rest = Math.min(Math.floor(from + DIRECT_STEP - at), most);
  return {
    status: 302,
    headers: {
      Location: location,
      'Cache-Control': cacheControl({ whose, seconds: rest }),
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    },
  };
}

async function whole({ files, apart }: ServingContext, request: RouteRequest, { file, disposition, keeping }: Serving): Promise<Answer> {
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
      'Content-Type': file.type,
      'Content-Disposition': disposition,
      ETag: file.etag,
      'Accept-Ranges': 'bytes',
      'Cache-Control': cacheControl(keeping),
      ...safetyHeaders(file.type, apart),
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
