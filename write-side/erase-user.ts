/** DELETE /api/users/:id?erase=true: what that row does beside deleting. */
import { z } from 'zod';
import { erasureCertificate, erasureStatus } from '../contracts/erasure.ts';
import { ProblemError } from '../contracts/problem.ts';
import type { ErasureAnswers } from '../platform/erasing/answers.ts';
import type { Answer, RouteRequest } from '../platform/http/route.ts';

/** The erasing of people, as the row of deleting needs it. */
export interface UserErasing extends Pick<ErasureAnswers, 'begin' | 'answer' | 'proofOf'> {
  /** Refuses where nobody can be erased, since there is clear text in the log. Error: ProblemError `conflict`. */
  expectSealed(): Promise<void>;
}

/** Milliseconds for which the answer waits for the certificate. */
const PATIENCE = 4_000;

/** The query of the row. */
export const deletionQuery = z.strictObject({
  erase: z.literal('true').optional().meta({ description: '`true`: has all that is kept of the user destroyed, too, for good.' }),
});

/** What the row answers where it erases: the certificate, or where it stands, with the text by which the person can ask how it goes. */
export const erasureAnswers = [erasureCertificate, erasureStatus.extend({ proof: z.string() })] as const;

/** True where a request asks for more than a deletion. */
export function asksToErase({ query }: RouteRequest): boolean {
  return (query as z.infer<typeof deletionQuery>).erase === 'true';
}

/** Erases a user: `command` carries out the command, whose events say so for good; the rest is a process. Errors: ProblemError, and those of the store. */
export async function eraseUser(
  { erasing, now = () => new Date().toISOString() }: { erasing?: UserErasing | undefined; now?: (() => string) | undefined },
  { params: { id = '' }, caller }: RouteRequest,
  command: () => Promise<Answer>,
): Promise<Answer> {
  if (!erasing) throw new ProblemError('unavailable', 'People are erased by a process that runs: ask one.');
  await erasing.expectSealed();
  const { headers = {} } = await command();
  await erasing.begin({ person: id, by: caller?.id ?? 'system', at: now() });
  const answer = await erasing.answer(id, PATIENCE);
  if (!answer) throw new ProblemError('unavailable', 'The erasure has begun, and how it stands cannot be read right now. Ask again.');
  const { Location: _deleted, ...told } = headers;
  const body = answer.status === 202 ? { ...(answer.body as object), proof: erasing.proofOf(id) } : answer.body;
  return { ...answer, headers: { ...told, ...answer.headers }, body };
}
