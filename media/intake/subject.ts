/** The thing that a file is uploaded for: named by one field, and, of a comment, completed by the read model that knows its task. */
import { MEDIA_KINDS, type MediaSubject, mayWithFilesOf, streamOfSubject } from '../../contracts/media.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { badHeader } from '../../platform/http/idempotency.ts';
import type { Caller, RouteRequest } from '../../platform/http/route.ts';
import { validId } from '../../platform/http/validate.ts';
import type { ReadModels } from '../../platform/read-models/read-models.ts';
import { comments } from '../../projections/projectors/comments.ts';

export type SubjectFields = Readonly<Record<string, string | undefined>>;

export interface SubjectContext {
  commands: Pick<CommandHandler, 'load'>;
  readModels: ReadModels;
}

/** Milliseconds for which a comment is waited for that Read-After says is there. */
const PATIENCE = 2_000;

/**
 * The thing that these fields name; undefined where they name none. Errors: ProblemError 422 for several and for ids that are none, and for a comment
 * that is not there.
 */
export async function subjectIn(
  fields: SubjectFields,
  request: Pick<RouteRequest, 'header'>,
  context: SubjectContext,
): Promise<MediaSubject | undefined> {
  const named = MEDIA_KINDS.filter((kind) => fields[kind] !== undefined);
  const [kind] = named;
  if (kind === undefined) return undefined;
  if (named.length > 1)
    throw refused(
      named.map((one) => `/${one}`),
      `only one of ${MEDIA_KINDS.join(', ')}`,
    );
  const id = idOf(kind, fields[kind] ?? '');
  return kind === 'comment' ? { kind, id, task: await taskOf(id, request, context) } : { kind, id };
}

/** The refusal of an upload that is for nothing. */
export function noSubject(): ProblemError {
  return refused([''], `must have one of ${MEDIA_KINDS.join(', ')}: the id of what the file is for`);
}

function refused(pointers: string[], detail: string): ProblemError {
  return new ProblemError('invalid', `Not valid: ${detail}.`, { errors: pointers.map((pointer) => ({ pointer, detail })) });
}

function idOf(kind: string, text: string): string {
  try {
    return validId(text);
  } catch {
    throw refused([`/${kind}`], 'must be a UUID');
  }
}

async function taskOf(id: string, request: Pick<RouteRequest, 'header'>, { readModels }: SubjectContext): Promise<string> {
  await readAfter(readModels, request.header('read-after'));
  const state = await readModels.state(comments.model);
  const [found] = state ? await readModels.get(comments.model, state.generation, [id]) : [];
  const task = found?.document?.task;
  if (typeof task !== 'string') throw refused(['/comment'], 'is no comment that you can read; give Read-After where it is new');
  return task;
}

async function readAfter(readModels: ReadModels, position: string | undefined): Promise<void> {
  if (position === undefined) return;
  if (!/^[0-9A-Za-z./:_-]{1,100}$/.test(position)) throw badHeader('Read-After', 'must be a Position, as an earlier answer gave it');
  if (await readModels.reached(comments.model, position, PATIENCE)) return;
  throw new ProblemError('unavailable', 'What Read-After names has not arrived here yet. Try again.', { headers: { 'Retry-After': '1' } });
}

/** Refuses who may not add files to a thing, before any byte is taken. The decider asks again. Errors: as its own. */
export async function checkRight(caller: Caller, of: MediaSubject, { commands }: SubjectContext): Promise<void> {
  const { state } = await commands.load(streamOfSubject(of));
  const may = mayWithFilesOf(caller, of, state);
  if (!may.read)
    throw new ProblemError('invalid', `There is no such ${of.kind}.`, {
      errors: [{ pointer: `/${of.kind}`, detail: `is no ${of.kind} that you can read` }],
    });
  if (!may.attach) throw new ProblemError('forbidden', `You may not add files to this ${of.kind}.`);
}
