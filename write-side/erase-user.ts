/** DELETE /api/users/:id?erase=true: what that row does beside deleting. */
import { z } from 'zod';
import { erasureCertificate, erasureStatus } from '../contracts/erasure.ts';
import { id } from '../contracts/fields.ts';
import { ProblemError } from '../contracts/problem.ts';
import { unavailableIn } from '../platform/absences/unavailable.ts';
import type { ErasureAnswers } from '../platform/erasing/answers.ts';
import type { Answer, RouteRequest } from '../platform/http/route.ts';

/** The erasing of people, as the row of deleting needs it. */
export interface UserErasing extends Pick<ErasureAnswers, 'begin' | 'answer' | 'proofOf'> {
  /** Refuses where nobody can be erased, since there is clear text in the log. Error: ProblemError `conflict`. */
  expectSealed(): Promise<void>;
}

/** Milliseconds for which the answer waits for the certificate: longer than an erasure waits by itself, and read models of a few thousand events are made. */
export const ERASURE_PATIENCE = 15_000;

/** The query of the row. */
export const deletionQuery = z.strictObject({
  erase: z.literal('true').optional().meta({ description: '`true`: has all that is kept of the user destroyed, too, for good.' }),
  beside: id.optional().meta({ description: 'With `erase`, where admins erase themselves: the id of another admin, who stays.' }),
});

/** What the row answers where it erases: the certificate, or where it stands, with the text by which the person can ask how it goes. */
export const erasureAnswers = [erasureCertificate, erasureStatus.extend({ proof: z.string() })] as const;

/** The request as its command has it: what `beside` names is in its body. */
export function erasureRequest(request: RouteRequest): RouteRequest {
  const { beside } = request.query as z.infer<typeof deletionQuery>;
  return { ...request, body: beside === undefined ? null : { beside } };
}

/** True where a request asks for more than a deletion. */
export function asksToErase({ query }: RouteRequest): boolean {
  return (query as z.infer<typeof deletionQuery>).erase === 'true';
}

/**
 * Erases a user: `command` carries out the command, whose events say so for good; the rest is a process. Errors: ProblemError, which has the proof where
 * the erasure has begun or may have, and those of the store before that.
 */
export async function eraseUser(
  { erasing, now = () => new Date().toISOString() }: { erasing?: UserErasing | undefined; now?: (() => string) | undefined },
  { params: { id: person = '' }, caller, audit }: RouteRequest,
  command: () => Promise<Answer>,
): Promise<Answer> {
  if (!erasing) throw new ProblemError('unavailable', 'People are erased by a process that runs: ask one.');
  // The entry of this request comes once it is answered, maybe after the audit log was looked through.
  if (caller?.id === person) audit?.({ untraced: true });
  await erasing.expectSealed();
  const proof = erasing.proofOf(person);
  // From here on who asked may be nobody any more: the proof is in each answer that does not say that nothing happened.
  const { headers = {} } = await command().catch((error: unknown) => {
    throw caller?.id === person && unavailableIn(error) ? unsure(MAY_HAVE_BEGUN, proof, error) : error;
  });
  const answer = await begunAnswer(erasing, { person, by: caller?.id ?? 'system', at: now() }).catch((error: unknown) => {
    throw unavailableIn(error) ? unsure(HAS_BEGUN, proof, error) : error;
  });
  if (!answer) throw unsure(HAS_BEGUN, proof);
  const { Location: _deleted, ...told } = headers;
  const body = answer.status === 202 ? { ...(answer.body as object), proof } : answer.body;
  return { ...answer, headers: { ...told, ...answer.headers }, body };
}

const HAS_BEGUN = 'The erasure has begun, and how it stands cannot be read right now. Ask GET /api/erasure with this proof, later.';
const MAY_HAVE_BEGUN = 'The erasure may have begun. Ask GET /api/erasure with this proof, later; where it knows of none, order it again.';

async function begunAnswer(erasing: UserErasing, begun: Parameters<UserErasing['begin']>[0]): Promise<Answer | null> {
  await erasing.begin(begun);
  return erasing.answer(begun.person, ERASURE_PATIENCE);
}

/** The 503 of an erasure that has begun, or may have. */
function unsure(detail: string, proof: string, cause?: unknown): ProblemError {
  return new ProblemError('unavailable', detail, { proof, cause, headers: { 'Retry-After': '5', 'Cache-Control': 'no-store' } });
}
