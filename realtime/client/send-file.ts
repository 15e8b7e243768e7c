/** Sends one file: to the file store itself where it takes files from browsers, else through the server. Both are one upload, by its Idempotency-Key. */
import type { MediaSubject } from '../../contracts/media.ts';
import type { Problem } from '../../contracts/problem.ts';
import { ASK_AGAIN } from './api.ts';

/** A file to send. */
export interface FileSending {
  /** The Idempotency-Key of all attempts. */
  key: string;
  of: Pick<MediaSubject, 'kind' | 'id'>;
  /** The position at which the thing is there; undefined where it was there before. */
  after: string | undefined;
  file: File;
  /** Called with the part that is sent, from 0 to 1. */
  progress(sent: number): void;
  signal: AbortSignal;
}

/** The answer to an upload; `status` 0: nothing answered. */
export interface Sent {
  status: number;
  body: Partial<Problem> & { id?: string; position?: string };
}

/** The form by which the store takes a file, as `POST /api/media/direct` offers it. */
interface Offer {
  url: string;
  fields: Readonly<Record<string, string>>;
  ticket: string;
}

interface Request {
  url: string;
  body: FormData | string;
  headers?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  progress?: FileSending['progress'];
}

export interface FileSenderOptions {
  /** Resolves to the access token, null where nobody is logged in. `refused`: the last one was refused. */
  token(refused: boolean): Promise<string | null>;
  /** Resolves to true where this installation has files posted to its store. */
  isDirect(): Promise<boolean>;
}

/** Makes the function that sends a file. */
export function fileSender({ token, isDirect }: FileSenderOptions): (sending: FileSending) => Promise<Sent> {
  /** True once the store took nothing from this page: it is not asked again until the page is loaded anew. */
  let isRefused = false;

  async function authorized(request: Request, refused = false): Promise<Sent> {
    const bearer = await token(refused);
    if (!bearer) return { status: 401, body: { detail: 'Log in first.' } };
    const answer = await send({ ...request, headers: { ...request.headers, Authorization: `Bearer ${bearer}` } });
    return answer.status === 401 && !refused ? authorized(request, true) : answer;
  }

  /** Asks the server for something by JSON. */
  const ask = (path: string, sending: FileSending, body: object) =>
    authorized({
      url: path,
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...headersOf(sending) },
      signal: sending.signal,
    });

  /** Resolves to undefined where the file is to go through the server. */
  async function throughStore(sending: FileSending): Promise<Sent | undefined> {
    const { of, file } = sending;
    const said = { name: file.name, type: typeOf(file), bytes: file.size, [of.kind]: of.id };
    const offered = await ask('/api/media/direct', sending, said);
    if (offered.status === 404) return undefined;
    if (!isWell(offered)) return offered;
    const { url, fields, ticket } = offered.body as Offer;
    const posted = await send({ ...sending, url, body: formOf(fields, file) });
    if (sending.signal.aborted) return posted;
    return isWell(posted) ? finished(sending, ticket) : undefined;
  }

  /** Says that a file was posted, again while it is still being read: until then the answer has no position. */
  async function finished(sending: FileSending, ticket: string): Promise<Sent> {
    const answer = await ask('/api/media/direct/finish', sending, { ticket });
    if (answer.status !== 202 || answer.body.position !== undefined || sending.signal.aborted) return answer;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    return finished(sending, ticket);
  }

  return async (sending) => {
    // An empty file is refused in words by the server alone.
    const wantsStore = sending.file.size > 0 && !isRefused && (await isDirect());
    const stored = wantsStore ? await throughStore(sending) : undefined;
    if (stored) return stored;
    if (wantsStore) isRefused = true;
    const { of, file } = sending;
    return authorized({ ...sending, url: '/api/media', body: formOf({ [of.kind]: of.id }, file), headers: headersOf(sending) });
  };
}

const headersOf = ({ key, after }: FileSending) => ({ 'Idempotency-Key': key, ...(after ? { 'Read-After': after } : {}) });

const isWell = ({ status }: Sent) => status >= 200 && status < 300;

/** The type that the browser has for a file, without parameters. */
function typeOf({ type }: File): string {
  return /^[a-z]+\/[\w.+-]+/.exec(type.toLowerCase())?.[0] ?? 'application/octet-stream';
}

/** A form with its file at the end: what the file is for comes before it, so that it is refused before it is read. */
function formOf(fields: Readonly<Record<string, string>>, file: File): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', file, file.name);
  return form;
}

/** Sends by XMLHttpRequest, the only one that tells how much is sent. */
function send({ url, body, headers = {}, signal, progress }: Request): Promise<Sent> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open('POST', url);
    request.responseType = 'json';
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (progress) request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onloadend = () => {
      signal.removeEventListener('abort', abort);
      resolve({ status: request.status, body: request.response ?? {} });
    };
    signal.addEventListener('abort', abort);
    request.send(body);
    if (signal.aborted) abort();
  });
}
