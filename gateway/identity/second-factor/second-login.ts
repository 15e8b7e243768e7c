/** The second step of logging in, of who has a second factor. */
import { z } from 'zod';
import type { RouteWith } from '../../../platform/http/route.ts';
import { invalidToken } from '../callers.ts';
import { changeSince, letIn, type SessionRoutesOptions, sessionTokens } from '../session-routes.ts';
import { expectSecondFactor, type SecondFactorChecking, secondProofFields, secondProofOf } from './expect-second-factor.ts';
import type { Ticketed } from './tickets.ts';

const body = z.strictObject({ ticket: z.string().min(1, 'must not be empty').max(1_000, 'is too long'), ...secondProofFields });

export type SecondLoginOptions = SessionRoutesOptions & SecondFactorChecking;

export const secondLogin: RouteWith<SecondLoginOptions> = {
  row: {
    method: 'POST',
    path: '/api/login/second-factor',
    audit: 'login',
    always: true,
    who: 'anyone',
    tag: 'sessions',
    summary: 'Finish logging in with the ticket that the password gave, and a code of the app or a recovery code. Each is good once.',
    body,
    response: sessionTokens,
    status: 200,
    example: { ticket: 'eyJ…', code: '123456' },
  },
  answer: async (options, request) => {
    const { ticket, ...proof } = request.body as z.infer<typeof body>;
    const of = await holderOf(options, ticket);
    request.audit?.({ user: of.userId });
    await expectSecondFactor(options, { ...of, requestId: request.requestId }, secondProofOf(proof));
    return letIn(options, { ...of, second: true }, request);
  },
};

/** Whose ticket it is, while they are there and what gave it is still good. Error: ProblemError `unauthorized`. */
async function holderOf(options: SecondLoginOptions, ticket: string): Promise<Ticketed> {
  const of = options.tickets.read(ticket);
  const isGood = of && (await options.users.get(of.userId)) && (await changeSince(options, of)) === null;
  if (!of || !isGood) throw invalidToken('This took too long, or the account was changed since. Log in again.');
  return of;
}
