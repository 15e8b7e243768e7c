/** `POST /api/media/direct`: a form by which a client posts one file to the store itself, and the ticket with which it comes back. */
import { z } from 'zod';
import { instant } from '../../../contracts/fields.ts';
import { ProblemError } from '../../../contracts/problem.ts';
import type { Files } from '../../../platform/files/files.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../../platform/http/route.ts';
import type { UrlKeys } from '../../access/url-keys.ts';
import { checkExtension } from '../inspect/not-taken.ts';
import { extensionOf } from '../names.ts';
import { asProblem, type IntakeContext, mediaIdOf, uploadId } from '../receive.ts';
import { tooManyBytes } from '../spool.ts';
import { checkRight, noSubject, subjectIn } from '../subject.ts';
import { uploadAccess, uploadSubject } from '../upload.ts';
import type { PostedFiles } from './posted.ts';
import { type DirectTicket, incomingKey, POST_SECONDS, signedTicket, TICKET_SECONDS } from './ticket.ts';
import type { UnderWay } from './under-way.ts';

export interface DirectContext extends IntakeContext {
  urlKeys: Pick<UrlKeys, 'newest' | 'verifying'>;
  now: () => Date;
  /** The files that are received just now, by their tickets. */
  underWay: UnderWay<Answer>;
  /** Which process has a posted file in hand. */
  posted: PostedFiles;
  /** Milliseconds that one request waits for that; default FINISH_MS. */
  finishWithin?: number;
}

const wantedPost = z.strictObject({
  name: z.string().max(1_000).describe('The file’s name.'),
  type: z
    .string()
    .max(100)
    .regex(/^[a-z]+\/[\w.+-]+$/, 'must be a media type, as image/jpeg')
    .describe('Its media type; the store takes no other. What the file is, is found from its content afterwards.'),
  bytes: z.int().positive().describe('Its size in bytes; the store takes exactly so many.'),
  ...uploadSubject,
  access: uploadAccess.default('private').describe('Who may fetch it.'),
});

const offeredPost = z.strictObject({
  id: z.guid().meta({ description: 'The id that the file will have.' }),
  url: z.string().meta({ description: 'Where the form is posted to: the store.' }),
  fields: z
    .record(z.string(), z.string())
    .meta({ description: 'The fields of the form, multipart/form-data; the file follows them, in the field `file`.' }),
  expiresAt: instant.meta({ description: 'When the post must have begun.' }),
  ticket: z.string().meta({ description: 'For `POST /api/media/direct/finish`, once the file is posted; good for six hours.' }),
});

export const directRoute: RouteWith<DirectContext> = {
  row: {
    method: 'POST',
    path: '/api/media/direct',
    who: 'user',
    summary:
      'Ask for a form by which one file is posted to the file store directly. Where the store takes none, the answer is 404: use `POST /api/media`.',
    tag: 'media',
    body: wantedPost,
    status: 201,
    response: offeredPost,
    example: { name: 'hall.jpg', type: 'image/jpeg', bytes: 2_812_331, task: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07' },
  },
  answer: direct,
};

async function direct(context: DirectContext, request: RouteRequest): Promise<Answer> {
  const caller = request.caller as Caller;
  const { name, type, bytes, access, ...named } = request.body as z.output<typeof wantedPost>;
  const directPost = takenBy(context.files);
  const of = await subjectIn(named, request, context);
  if (!of) throw noSubject();
  if (bytes > context.mostBytes) throw tooManyBytes(context.mostBytes);
  checkName(name);
  await checkRight(caller, of, context);
  const headers = await context.limits.consume('uploads', caller.id);
  // The same upload as one through us with this Idempotency-Key: a client that changes over makes no second file.
  const command = uploadId(caller, '/api/media', request);
  const letGo = await context.quota.hold({ id: mediaIdOf(command), maker: caller.id, bytes }, POST_SECONDS * 1_000);
  const now = context.now().getTime();
  const post = await context.posted
    .askedAnew(mediaIdOf(command))
    .then(() => directPost(incomingKey({ command, user: caller.id }), { seconds: POST_SECONDS, type, bytes }))
    .catch((error: unknown) => {
      letGo();
      throw error;
    });
  const ticket: DirectTicket = { command, user: caller.id, of, name, type, bytes, access, expires: Math.floor(now / 1_000) + TICKET_SECONDS };
  const expiresAt = new Date(now + POST_SECONDS * 1_000).toISOString();
  const body = {
    id: mediaIdOf(command),
    url: post.url,
    fields: post.fields,
    expiresAt,
    ticket: signedTicket(ticket, await context.urlKeys.newest()),
  };
  return { status: 201, headers: { ...headers, 'Cache-Control': 'no-store' }, body };
}

/** Refuses a file that would be refused for its name once it is here. What it is, is found from its content then. */
function checkName(name: string): void {
  try {
    checkExtension(extensionOf(name));
  } catch (error) {
    throw asProblem(error);
  }
}

function takenBy({ directPost }: Files): NonNullable<Files['directPost']> {
  if (directPost) return directPost;
  throw new ProblemError('not_found', 'The file store of this installation takes no files from clients. Send them to POST /api/media.');
}
