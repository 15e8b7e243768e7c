/** What a page may offer to somebody who is not logged in, as the operator has set it. */
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import type { RouteWith } from '../../platform/http/route.ts';

/** REGISTRATION: who may make an account without being invited. Invitations work with each of them. */
export const REGISTRATIONS = ['open', 'invited', 'closed'] as const;
export type Registrations = (typeof REGISTRATIONS)[number];

export interface SessionRules {
  registrations: Registrations;
}

/** GET /api/session-rules. */
export const sessionRules: RouteWith<SessionRules> = {
  row: {
    method: 'GET',
    path: '/api/session-rules',
    who: 'anyone',
    summary: 'What this installation offers before one is logged in: who may register.',
    tag: 'sessions',
    response: z.strictObject({
      registration: z.enum(REGISTRATIONS).meta({ description: '`open`: anybody registers; `invited`, `closed`: only who has an invitation.' }),
    }),
  },
  answer: ({ registrations }) => ({ headers: { 'Cache-Control': 'no-cache' }, body: { registration: registrations } }),
};

const WORDS: Record<Exclude<Registrations, 'open'>, string> = {
  invited: 'Who wants an account here is invited: the link of an invitation makes one (POST /api/invitations/accept). Ask an admin for it.',
  closed: 'Registration is closed here.',
};

/** Rejects whoever registers without an invitation where that is not wanted. Error: ProblemError `forbidden`. */
export function expectOpenRegistration(registrations: Registrations): void {
  if (registrations !== 'open') throw new ProblemError('forbidden', WORDS[registrations]);
}
