/** From a file that arrived to one that is recorded: looked at, stored, and then said so. Whatever refuses it leaves nothing. */
import type { Actor } from '../../contracts/aggregate.ts';
import type { MediaRefusal, MediaSubject } from '../../contracts/media.ts';
import { ProblemError, type ProblemStatus } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import type { turns } from '../../platform/concurrency/stream-turns.ts';
import { type FileExists, type Files, FilesUnavailable } from '../../platform/files/files.ts';
import { idempotencyKey } from '../../platform/http/idempotency.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Answer, Caller, RouteRequest } from '../../platform/http/route.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import { stableId } from '../../platform/stable-id.ts';
import { FileRefused } from '../file-refused.ts';
import type { AtHand } from './at-hand.ts';
import { type CallersNow, callerNow } from './caller-now.ts';
import type { Found } from './inspect/finding.ts';
import type { Inspector } from './inspect/inspector.ts';
import { cleanName, extensionOf } from './names.ts';
import type { Quota } from './quota.ts';
import type { Spool, Spooled } from './spool.ts';

/** The things that uploads need. */
export interface IntakeContext extends CallersNow {
  files: Files;
  commands: CommandHandler;
  readModels: ReadModels;
  inspector: Inspector;
  spool: Spool;
  quota: Quota;
  limits: Pick<Limits, 'consume'>;
  atHand: AtHand;
  /** Receives files of the same command one after the other, so that none of them removes the bytes on which another is just recorded. */
  inTurn: ReturnType<typeof turns>;
  /** Marks the store of files as one that this log has received a file into, soon. Never throws. */
  marked(): void;
  /** Hashes a text under a key of the installation. */
  hmac(text: string): string;
  /** Bytes of a file at most. */
  mostBytes: number;
  /** The present time; injected by tests. */
  now?: () => Date;
  /** Milliseconds that a store of files may take for an upload, however large; default PUT_MS. */
  putWithin?: number;
}

/** Longer is no answer at all: a connection on which nothing moves for two minutes is ended. */
const PUT_MS = 100_000;

/** A file that arrived, and what was said of it. */
export interface Arrival {
  file: Spooled;
  /** Its name, as it was sent. */
  name: string;
  of: MediaSubject;
  access: 'private' | 'public';
  caller: Caller;
  /** The command that this upload is: a repeat has the same. */
  commandId: string;
  /** Aborts where this process is not to go on with it: nothing is recorded then. Its reason is an error for who sends the file. */
  ending: AbortSignal;
}

/** The command that an upload is, by its caller and Idempotency-Key. Error: ProblemError 400. */
export function uploadId(caller: Caller, path: string, request: Pick<RouteRequest, 'header'>): string {
  return stableId(caller.id, 'POST', path, idempotencyKey(request));
}

/** The id of the file that this command makes. */
export function mediaIdOf(commandId: string): string {
  return stableId(commandId, 'media');
}

/** The key under which a store has the bytes of a file as they came. */
export function originalKey(id: string): string {
  return `media/${id}/original`;
}

/**
 * Has a file looked at, stored and recorded; the answer of an upload. It is recorded for who sends it as they are then, with the rights that they have then.
 * Errors: ProblemError for what is not taken; the reason of `ending`; those of the ports.
 */
export async function receive(context: IntakeContext, arrival: Arrival, request: RouteRequest): Promise<Answer> {
  const found = await lookedAt(context, arrival);
  const id = mediaIdOf(arrival.commandId);
  return context.inTurn(id, () => received(context, { ...arrival, id, found }, request));
}

async function received(context: IntakeContext, arrival: Arrival & { id: string; found: Found }, request: RouteRequest): Promise<Answer> {
  const { id, found, file, of, access, caller, commandId, ending } = arrival;
  const { bytes, sha256 } = file;
  const name = cleanName(arrival.name, found.extension);
  const { extension: _, ...picture } = found;
  const data = { of, name, ...picture, bytes, sha256, access };
  const now = (context.now?.() ?? new Date()).toISOString();
  const stream = `media-${id}`;
  const commanding = { correlationId: request.requestId, bodyHash: context.hmac(`media:${JSON.stringify([sha256, name, of, access])}`) };
  const record = async () => {
    const actor = actorOf(await callerNow(context, caller));
    ending.throwIfAborted();
    return context.commands.handle({ type: 'ReceiveMedia', stream, id, data, commandId, actor, now }, commanding);
  };
  const isRepeat = (await context.commands.load(stream)).revision >= 0;
  // Whoever recorded it may have been killed before it was marked.
  if (isRepeat) context.marked();
  const { revision, position } = isRepeat ? await record() : await storedAnd(record, context, { id, caller, file, type: found.type, ending });
  const headers = { Location: `/api/media/${id}`, ETag: `"${revision}"`, Position: position };
  return { status: 202, headers, body: { id, status: 'pending', revision, position } };
}

function actorOf({ id, role, seesAll, posts }: Caller): Actor {
  return { id, role, seesAll, ...(posts ? { posts } : {}) };
}

async function lookedAt({ inspector }: IntakeContext, { file, name, ending }: Arrival) {
  try {
    return await inspector.inspect({ path: file.path, extension: extensionOf(name), hasMarks: file.hasMarks }, file.bytes, ending);
  } catch (error) {
    throw asProblem(error);
  }
}

/** A refusal of a file as the problem that it is to who uploads it; any other error as it is. */
export function asProblem(error: unknown): unknown {
  return error instanceof FileRefused ? problemOfFile(error.rule, error.message) : error;
}

/** The status of a refusal, where HTTP has a finer one than 422. */
const STATUS: Partial<Record<MediaRefusal, ProblemStatus>> = { type: 415, too_large: 413 };

/** The problem that a refused file is to who uploads it. */
export function problemOfFile(rule: MediaRefusal, detail: string): ProblemError {
  return new ProblemError('invalid', detail, { status: STATUS[rule] ?? 422, errors: [{ pointer: '/file', detail }] });
}

/** Stores the bytes, and records them then: bytes without an event are swept one day, an event without bytes would be a broken promise. */
async function storedAnd<T>(
  record: () => Promise<T>,
  context: IntakeContext,
  { id, caller, file, type, ending }: Pick<Arrival, 'caller' | 'file' | 'ending'> & { id: string; type: string },
): Promise<T> {
  const { quota } = context;
  const room = await quota.take({ id, maker: caller.id, bytes: file.bytes });
  try {
    await put(context, originalKey(id), { path: file.path, bytes: file.bytes, sha256: file.sha256, type, move: true }, ending);
    const outcome = await record();
    room.keep();
    context.marked();
    return outcome;
  } catch (error) {
    room.giveBack();
    // A refusal records nothing; of any other error it is not known, and a repeat, or the sweep, finds the bytes.
    if (error instanceof ProblemError && error.status < 500) await orAborted(removeUnrecorded(context, id), ending).catch(() => {});
    throw isOther(error) ? anotherFile() : error;
  }
}

/** Removes the bytes of a refused file, unless another process has recorded the same upload meanwhile: they are that one's, too. */
async function removeUnrecorded({ commands, files }: IntakeContext, id: string): Promise<void> {
  if ((await commands.load(`media-${id}`)).revision < 0) await files.remove(originalKey(id));
}

/** Stores the bytes within the time that a client waits. What the store makes of them later is a repeat's, or the sweep's. */
async function put({ files, putWithin = PUT_MS }: IntakeContext, key: string, from: Parameters<Files['put']>[1], ending: AbortSignal): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new FilesUnavailable(`an upload was not stored within ${putWithin} ms`)), putWithin);
  try {
    await files.put(key, from, AbortSignal.any([late.signal, ending]));
  } finally {
    clearTimeout(timer);
  }
}

const isOther = (error: unknown): error is FileExists => (error as Error)?.name === 'FileExists';

/** The refusal of a key that comes with another file than before. */
export function anotherFile(): ProblemError {
  return new ProblemError('invalid', 'This Idempotency-Key was used with another file. Use a new key for a new file.', {
    errors: [{ pointer: 'Idempotency-Key', detail: 'belongs to another file' }],
  });
}
