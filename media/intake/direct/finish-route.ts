/** `POST /api/media/direct/finish`: the file that a client has posted to the store is received as any other upload. */
import { addAbortSignal } from 'node:stream';
import { z } from 'zod';
import { FIRST_NEEDED, ProblemError } from '../../../contracts/problem.ts';
import { unavailableIn } from '../../../platform/absences/unavailable.ts';
import { orAborted } from '../../../platform/concurrency/abortable.ts';
import { FileMissing, type Files, FilesUnavailable } from '../../../platform/files/files.ts';
import { idempotencyKey } from '../../../platform/http/idempotency.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../../platform/http/route.ts';
import type { MediaState } from '../../../write-side/deciders/media.ts';
import { anotherFile, mediaIdOf, problemOfFile, receive } from '../receive.ts';
import type { Spooled } from '../spool.ts';
import { checkRight } from '../subject.ts';
import { uploadAnswer } from '../upload.ts';
import type { DirectContext } from './begin-route.ts';
import type { InHand } from './posted.ts';
import { type DirectTicket, formerIncomingKey, incomingKey, verifiedTicket } from './ticket.ts';

const finishing = z.strictObject({ ticket: z.string().min(1).max(16_000).describe('The ticket from `POST /api/media/direct`.') });

/** Milliseconds that a client waits for one answer: shorter than proxies do. */
const FINISH_MS = 20_000;
/** Seconds after which it asks again. */
const ASK_AGAIN_SECONDS = 3;
/** Milliseconds that the store may take for a file, since nobody's request waits for that; slow stores are given up before, by their bytes. */
const UNHEARD_PUT_MS = 6 * 3_600_000;

const arrivingAnswer = z.strictObject({
  id: z.guid().meta({ description: 'The file’s id.' }),
  status: z.literal('arriving').meta({ description: 'It is still being read: send the same again after Retry-After.' }),
});

export const finishRoute: RouteWith<DirectContext> = {
  row: {
    method: 'POST',
    path: '/api/media/direct/finish',
    who: 'user',
    summary:
      'Say that a file was posted to the file store: it is read, looked at and received as any other upload. A repeat is answered as the first; while a large one is read the status is `arriving`.',
    tag: 'media',
    body: finishing,
    status: 202,
    response: z.union([uploadAnswer, arrivingAnswer]),
  },
  answer: finish,
};

async function finish(context: DirectContext, request: RouteRequest): Promise<Answer> {
  const caller = request.caller as Caller;
  idempotencyKey(request);
  const { ticket: text } = request.body as z.output<typeof finishing>;
  const ticket = await verifiedTicket(text, caller.id, context);
  const { underWay, posted, atHand, finishWithin = FINISH_MS } = context;
  // Of each session: it is received for who began it, as they are at its end.
  const key = `${caller.sessionId} ${text}`;
  // Who comes back for the outcome has no second upload.
  const isKnown = underWay.has(key);
  if (!isKnown && (await posted.isHeld(mediaIdOf(ticket.command)))) return arriving(ticket);
  if (!isKnown) underWay.expectRoom(caller.id);
  const headers = isKnown ? {} : await context.limits.consume('uploads', caller.id);
  const work = () => atHand.run((ending) => finished(context, { ticket, request, ending }));
  const answer = (await underWay.join({ key, owner: caller.id }, work, finishWithin)) ?? arriving(ticket);
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

function arriving({ command }: DirectTicket): Answer {
  return { status: 202, headers: { 'Retry-After': String(ASK_AGAIN_SECONDS) }, body: { id: mediaIdOf(command), status: 'arriving' } };
}

/** A client that has come back with a ticket. `ending` aborts where this process is not to go on. */
interface Return {
  ticket: DirectTicket;
  request: RouteRequest;
  ending: AbortSignal;
}

async function finished(context: DirectContext, back: Return): Promise<Answer> {
  const { ticket, ending } = back;
  // Where this fails, or the process ends meanwhile, the sweep removes it.
  const remove = async () => {
    for (const key of [incomingKey(ticket), formerIncomingKey(ticket)]) await orAborted(context.files.remove(key), ending).catch(() => {});
  };
  const there = await answered(context, ticket);
  if (there) {
    await remove();
    return there;
  }
  const inHand = await context.posted.take(mediaIdOf(ticket.command));
  return inHand ? decided(context, back, { inHand, remove }) : arriving(ticket);
}

/** Receives a file that this process has in hand, or has it refused by all. */
async function decided(context: DirectContext, back: Return, { inHand, remove }: { inHand: InHand; remove(): Promise<void> }): Promise<Answer> {
  try {
    const answer = await allowedAnd(context, { ...back, ending: AbortSignal.any([back.ending, inHand.lost]) });
    await remove();
    return answer;
  } catch (error) {
    // The bytes go only once everybody answers so.
    if (isFinal(error)) await inHand.refuse(error).then(remove, () => {});
    throw error;
  } finally {
    await inHand.letGo();
  }
}

async function allowedAnd(context: DirectContext, back: Return): Promise<Answer> {
  await checkRight(back.request.caller as Caller, back.ticket.of, context);
  // Another may have received it just before it was taken in hand.
  return (await answered(context, back.ticket)) ?? received({ ...context, putWithin: UNHEARD_PUT_MS }, back);
}

/** True for a refusal of the file. Of what cannot be received just now, was not posted yet, or is not for this caller any more, everything stays. */
function isFinal(error: unknown): error is ProblemError {
  if (!(error instanceof ProblemError) || error.status >= 500 || isOfCaller(error)) return false;
  return error.code !== 'limited' && error.code !== 'conflict';
}

const OF_CALLER: readonly string[] = Object.values(FIRST_NEEDED);

/** True for a refusal of who asks, who may come back with the same ticket after another login. */
function isOfCaller({ code, type }: ProblemError): boolean {
  return code === 'unauthorized' || OF_CALLER.includes(type);
}

/** The answer where the file is recorded by now; undefined where it is not. Error: ProblemError where the ticket's Idempotency-Key brought another one. */
async function answered({ commands }: DirectContext, { command, bytes }: DirectTicket): Promise<Answer | undefined> {
  const id = mediaIdOf(command);
  const { state, revision, position } = await commands.load<MediaState>(`media-${id}`);
  if (!state.exists) return undefined;
  if (state.bytes !== bytes) throw anotherFile();
  const headers = { Location: `/api/media/${id}`, ETag: `"${revision}"`, Position: position };
  return { status: 202, headers, body: { id, status: state.status, revision, position } };
}

async function received(context: DirectContext, back: Return): Promise<Answer> {
  const { command: commandId, name, of, access } = back.ticket;
  const caller = back.request.caller as Caller;
  try {
    const file = await fetched(context, back);
    try {
      return await receive(context, { file, name, of, access, caller, commandId, ending: back.ending }, back.request);
    } finally {
      await file.remove();
    }
  } catch (error) {
    if (error instanceof FileMissing) return orNothingPosted(await answered(context, back.ticket));
    throw error;
  }
}

/** Another request with the same ticket may have received it meanwhile. */
function orNothingPosted(answer: Answer | undefined): Answer {
  if (answer) return answer;
  throw new ProblemError('conflict', 'Nothing has been posted to the file store with this ticket’s form. Post the file first, then come back.');
}

/**
 * Brings the posted object here, where it is looked at. Errors: ProblemError for another size than was said; the reason of `ending`; FileMissing,
 * FilesUnavailable; those of the spool.
 */
async function fetched({ files, spool }: DirectContext, { ticket, ending }: Return): Promise<Spooled> {
  const { bytes } = ticket;
  const posted = await postedWith(ticket, files, ending);
  if (posted.bytes !== bytes) {
    posted.stream.destroy();
    throw problemOfFile('damaged', `The posted file has ${posted.bytes} bytes, and not the ${bytes} that were said. Ask for a new form.`);
  }
  const file = await spool.take(addAbortSignal(ending, posted.stream), bytes).catch((error: unknown) => {
    ending.throwIfAborted();
    return asAway(error);
  });
  if (file.bytes === bytes) return file;
  await file.remove();
  throw new FilesUnavailable(`the store gave ${file.bytes} of ${bytes} bytes`);
}

/** The posted object, under the key of this release or of the one before. */
async function postedWith(ticket: DirectTicket, files: Files, ending: AbortSignal): ReturnType<Files['read']> {
  try {
    return await files.read(incomingKey(ticket), undefined, ending);
  } catch (error) {
    if (!(error instanceof FileMissing)) throw error;
    return files.read(formerIncomingKey(ticket), undefined, ending);
  }
}

/** A stream that breaks off is a store that went away meanwhile. */
function asAway(error: unknown): never {
  if (error instanceof ProblemError || unavailableIn(error)) throw error;
  throw new FilesUnavailable(`a posted file cannot be read: ${(error as Error).message}`, { cause: error });
}
