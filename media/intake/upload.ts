/** `POST /api/media`: a form with a file. Who may not is told before the body is read, where the query string says what the file is for. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { FILES_OF, MEDIA_KINDS, type MediaKind, mediaStatus } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Answer, Caller, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { type Form, readUpload } from './multipart.ts';
import { type Arrival, type IntakeContext, receive, uploadId } from './receive.ts';
import { tooManyBytes } from './spool.ts';
import { checkRight, noSubject, type SubjectFields, subjectIn } from './subject.ts';

/** Who may fetch an uploaded file. */
export const uploadAccess = z.enum(['private', 'public']);
/** The fields that name what an upload is for, one for each kind of thing. */
export const uploadSubject = Object.fromEntries(
  MEDIA_KINDS.map((kind) => [
    kind,
    z
      .string()
      .optional()
      .describe(`${FILES_OF[kind].uploadedFor} Exactly one of ${MEDIA_KINDS.join(', ')}.`),
  ]),
) as Record<MediaKind, z.ZodOptional<z.ZodString>>;
const uploadQuery = z.strictObject({ ...uploadSubject, access: uploadAccess.optional().describe('Who may fetch it; default: private.') });

/** The answer to an upload. */
export const uploadAnswer = z.strictObject({
  id: z.guid().meta({ description: 'The file’s id.' }),
  status: mediaStatus.meta({ description: 'pending: it is looked at, and then attached.' }),
  revision: z.int().nonnegative(),
  position: z.string().meta({ description: 'Give it to a query as Read-After to see this file.' }),
});

/** Bytes of a form besides its file, at most. */
const FORM_ITSELF = 64 * 1024;

export const uploadRoute: RouteWith<IntakeContext> = {
  row: {
    method: 'POST',
    path: '/api/media',
    who: 'user',
    summary: `Upload a file for one thing (${MEDIA_KINDS.join(', ')}). What it is for may be said in the query, so that a refusal comes before the file.`,
    tag: 'media',
    stream: true,
    query: uploadQuery,
    body: z.strictObject({
      file: z.string().meta({ format: 'binary', description: 'The file, with its name.' }),
      ...uploadSubject,
      access: uploadAccess.optional(),
    }),
    status: 202,
    response: uploadAnswer,
  },
  answer: upload,
};

async function upload(context: IntakeContext, request: RouteRequest): Promise<Answer> {
  const { stream, caller } = request as { stream: IncomingMessage; caller: Caller };
  const { access, ...named } = request.query as z.infer<typeof uploadQuery>;
  if (Number(stream.headers['content-length']) > context.mostBytes + FORM_ITSELF) throw tooManyBytes(context.mostBytes);
  const commandId = uploadId(caller, '/api/media', request);
  const subject = (fields: SubjectFields) => subjectIn({ ...named, ...fields }, request, context);
  await allowed(context, caller, await subject({}));
  const headers = await context.limits.consume('uploads', caller.id);
  return context.atHand.run(async (ending) => {
    const form = await readUpload(stream, async (file, fields) => {
      await allowed(context, caller, await subject(fields));
      return context.spool.take(file, context.mostBytes);
    });
    try {
      const of = await subject(known(form.fields));
      if (!of) throw noSubject();
      await allowed(context, caller, of);
      const arrival: Arrival = { ...form, of, access: accessIn(form, access), caller, commandId, ending };
      const answer = await receive(context, arrival, request);
      return { ...answer, headers: { ...headers, ...answer.headers } };
    } finally {
      await form.file.remove();
    }
  });
}

async function allowed(context: IntakeContext, caller: Caller, of: Arrival['of'] | undefined): Promise<void> {
  if (of) await checkRight(caller, of, context);
}

/** The fields, which may be none but those that are known. Error: ProblemError 422. */
function known(fields: Form['fields']): SubjectFields {
  const errors = Object.keys(fields)
    .filter((name) => !Object.hasOwn(uploadSubject, name) && name !== 'access')
    .map((name) => ({ pointer: `/${name}`, detail: 'is not a known field' }));
  if (errors.length > 0) throw new ProblemError('invalid', `Not valid: ${errors.map(({ pointer }) => pointer).join(', ')}.`, { errors });
  return fields;
}

function accessIn({ fields }: Form, inQuery: Arrival['access'] | undefined): Arrival['access'] {
  const said = fields.access;
  if (said === undefined) return inQuery ?? 'private';
  const access = uploadAccess.safeParse(said);
  if (access.success) return access.data;
  throw new ProblemError('invalid', 'Not valid: /access.', { errors: [{ pointer: '/access', detail: 'must be one of private, public' }] });
}
