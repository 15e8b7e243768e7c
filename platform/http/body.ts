/** The body of a request, read with a limit: JSON, or a form where the row is for one. */
import type { IncomingMessage } from 'node:http';
import { ProblemError, type ProblemStatus } from '../../contracts/problem.ts';
import type { Arriving } from './arriving.ts';
import { jsonFault } from './json-fault.ts';

/** Bytes of a body at most. */
export const BODY_LIMIT = 1024 * 1024;

/** Where a body comes from, and with which others. */
export interface BodySource {
  arriving: Arriving;
  network: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The parsed body of a request; undefined where there is none.
 * Errors: ProblemError `invalid` 400 (not JSON, not UTF-8), 413 (above 1 MiB), 415 (another media type or encoding);
 * `limited` where too many are arriving slowly, and this is the slowest.
 */
export function readJson(request: IncomingMessage, from: BodySource): Promise<unknown> {
  return readAs(request, from, JSON_BODY);
}

/** The fields of a form (application/x-www-form-urlencoded), the last of each name; undefined where there is no body. Errors: as `readJson`. */
export function readForm(request: IncomingMessage, from: BodySource): Promise<unknown> {
  return readAs(request, from, FORM);
}

/**
 * Takes in a form of either type that browsers post (application/x-www-form-urlencoded, multipart/form-data), and looks at nothing in it: an empty
 * object, or undefined where there is no body. Errors: as `readJson`, but for what is in it.
 */
export function readIgnoredForm(request: IncomingMessage, from: BodySource): Promise<unknown> {
  return readAs(request, from, IGNORED_FORM);
}

interface Kind {
  type: RegExp;
  name: string;
  mediaType: string;
  parse(bytes: Buffer): unknown;
}
const JSON_BODY: Kind = { type: /^application\/(json|[\w.+-]+\+json)$/, name: 'JSON', mediaType: 'application/json', parse: parseJson };
const FORM_TYPE = 'application/x-www-form-urlencoded';
const FORM: Kind = { type: /^application\/x-www-form-urlencoded$/, name: 'a form', mediaType: FORM_TYPE, parse: parseForm };
const IGNORED_FORM: Kind = { ...FORM, type: /^(application\/x-www-form-urlencoded|multipart\/form-data)$/, parse: () => ({}) };

async function readAs(request: IncomingMessage, { arriving, network }: BodySource, kind: Kind): Promise<unknown> {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  if (!chunked && (length === undefined || length === '0')) return undefined;
  checkType(request, kind);
  const bytes = await arriving.receive(request, { network, limit: BODY_LIMIT });
  return bytes.length === 0 ? undefined : kind.parse(bytes);
}

function checkType(request: IncomingMessage, { type: wanted, name, mediaType }: Kind): void {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!wanted.test(type)) throw refused(415, `Send ${name}, with the header Content-Type: ${mediaType}.`, { Accept: mediaType });
  if (!isUtf8(request.headers['content-type'])) throw refused(415, `Send ${name} in UTF-8.`, { Accept: mediaType });
  const encoding = request.headers['content-encoding'];
  if (encoding && encoding !== 'identity') throw refused(415, 'Send the body uncompressed.', { 'Accept-Encoding': 'identity' });
}

/** True for a media type whose charset is UTF-8, which it is where none is named. */
function isUtf8(contentType = ''): boolean {
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(contentType) ?? [];
  return /^(utf-?8|us-ascii)$/i.test(charset);
}

function parseJson(bytes: Buffer): unknown {
  const text = decoded(bytes);
  try {
    return JSON.parse(text);
  } catch {
    const fault = jsonFault(text);
    throw refused(400, fault === null ? 'The body is not JSON.' : `The body is not JSON. In ${fault}.`);
  }
}

function parseForm(bytes: Buffer): unknown {
  return Object.fromEntries(new URLSearchParams(decoded(bytes)));
}

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw refused(400, 'The body is not in UTF-8.');
  }
}

function refused(status: ProblemStatus, detail: string, headers: Record<string, string> = {}): ProblemError {
  return new ProblemError('invalid', detail, { status, headers, errors: [{ pointer: '', detail }] });
}
