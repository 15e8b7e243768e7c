/** How an erasure stands: for admins, and for who was erased, by the proof that the answer to the erasure had. */
import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { type ErasureCheck, erasureCertificate, erasureCheck, erasureStatus } from '../../contracts/erasure.ts';
import { id } from '../../contracts/fields.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { ROLES } from '../../contracts/role.ts';
import type { ErasureAnswers } from '../../platform/erasing/answers.ts';
import type { Answer, RouteWith } from '../../platform/http/route.ts';

export interface ErasureRouteOptions extends Pick<ErasureAnswers, 'answer' | 'proofOf'> {
  /** Checks a document that is said to be a certificate, and the stores. Errors: those of the stores. */
  check(document: unknown): Promise<ErasureCheck>;
}

const proven = z.strictObject({ person: id, proof: z.string().max(200) });
const response = z.union([erasureCertificate, erasureStatus]);

/** GET /api/users/:id/erasure, GET /api/erasure, POST /api/admin/erasures/verify. */
export const erasureRoutes: readonly RouteWith<ErasureRouteOptions>[] = [
  {
    row: {
      method: 'GET',
      path: '/api/users/:id/erasure',
      who: ROLES,
      summary: 'The certificate of a person’s erasure (200), or where it stands, with what each step waits for (202). For admins.',
      ...{ tag: 'users', response, otherStatus: 202 },
    },
    answer: async (options, { params: { id: person = '' }, caller }) => {
      if (caller?.role !== 'admin' && caller?.id !== person) throw new ProblemError('forbidden', 'Only the user, or an admin, may see this.');
      return found(await options.answer(person));
    },
  },
  {
    row: {
      method: 'GET',
      path: '/api/erasure',
      who: 'anyone',
      summary: 'As `GET /api/users/:id/erasure`, for who was erased and cannot log in any more: with the `proof` of the answer to their erasure.',
      ...{ tag: 'users', query: proven, response, otherStatus: 202 },
    },
    answer: async ({ answer, proofOf }, { query }) => {
      const { person, proof } = query as z.infer<typeof proven>;
      if (!isSame(proof, proofOf(person))) throw notFound();
      return found(await answer(person));
    },
  },
  {
    row: {
      method: 'POST',
      path: '/api/admin/erasures/verify',
      who: ['admin'],
      audit: 'operation',
      summary: 'Check a certificate of an erasure: its signature, and in the stores what it says. What is left anywhere is `ok: false`.',
      ...{ tag: 'users', body: z.strictObject({ certificate: z.unknown() }), response: erasureCheck, status: 200 },
      example: { certificate: { type: 'taskledger-erasure-1' } },
    },
    answer: async ({ check }, { body }) => ({ status: 200, body: await check((body as { certificate?: unknown }).certificate) }),
  },
];

function found(answer: Answer | null): Answer {
  if (!answer) throw notFound();
  return answer;
}

function notFound(): ProblemError {
  return new ProblemError('not_found', 'Nobody asked for such an erasure, or the proof is another one.');
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
