/** What a page may offer, also to somebody who is not logged in, as the operator has set it. */
import { z } from 'zod';
import { ProblemError } from '../../contracts/problem.ts';
import type { RouteWith } from '../../platform/http/route.ts';
import type { Oidc } from './oidc/oidc.ts';

/** REGISTRATION: who may make an account without being invited. Invitations work with each of them. */
export const REGISTRATIONS = ['open', 'invited', 'closed'] as const;
export type Registrations = (typeof REGISTRATIONS)[number];

export interface SessionRules {
  registrations: Registrations;
  /** Missing where no issuer is set. */
  oidc: Oidc | undefined;
  /** True where browsers post files to the file store itself. */
  directUploads: boolean;
}

/** GET /api/session-rules. */
export const sessionRules: RouteWith<SessionRules> = {
  row: {
    method: 'GET',
    path: '/api/session-rules',
    who: 'anyone',
    summary: 'What this installation offers its pages: who may register, how one signs in, and where files are sent to.',
    tag: 'sessions',
    response: z.strictObject({
      registration: z.enum(REGISTRATIONS).meta({ description: '`open`: anybody registers; `invited`, `closed`: only who has an invitation.' }),
      signIn: z
        .strictObject({
          name: z.string().meta({ description: 'The name of the issuer, as people know it.' }),
          url: z.string().meta({ description: 'Where a browser goes to sign in there.' }),
          only: z.boolean().meta({ description: 'True where nobody logs in with a password.' }),
        })
        .optional()
        .meta({ description: 'Signing in by OpenID Connect; missing where no issuer is set.' }),
      directUploads: z.boolean().meta({ description: 'True where POST /api/media/direct gives out forms; else files go to POST /api/media.' }),
    }),
  },
  answer: ({ registrations, oidc, directUploads }) => ({
    headers: { 'Cache-Control': 'no-cache' },
    body: { registration: registrations, ...(oidc ? { signIn: signInOf(oidc) } : {}), directUploads },
  }),
};

/** The address is that of the pages: there the browser gets the cookie with which it comes back. */
function signInOf({ settings: { name, only }, publicUrl }: Oidc) {
  return { name, url: `${publicUrl()}/api/oidc/start`, only };
}

const WORDS: Record<Exclude<Registrations, 'open'>, string> = {
  invited: 'Who wants an account here is invited: the link of an invitation makes one (POST /api/invitations/accept). Ask an admin for it.',
  closed: 'Registration is closed here.',
};

/** Refuses whoever has an invitation and has not shown it, in the words of where nobody comes in without one. */
export function refuseUninvited(): never {
  throw new ProblemError('forbidden', WORDS.invited);
}

/** Rejects whoever registers without an invitation where that is not wanted. Error: ProblemError `forbidden`. */
export function expectOpenRegistration(registrations: Registrations): void {
  if (registrations !== 'open') throw new ProblemError('forbidden', WORDS[registrations]);
}
