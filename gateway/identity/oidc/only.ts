/** OIDC_ONLY: nobody logs in with a password, or proves by one who they are; and so none is set, either. */
import { ProblemError } from '../../../contracts/problem.ts';
import type { RouteWith } from '../../../platform/http/route.ts';
import type { Oidc } from './oidc.ts';

/** The rows that take or set a password to let somebody in, or to have them do more. The one that joins an account by its password, once, is none of them. */
const BY_PASSWORD: readonly string[] = [
  'POST /api/login',
  'POST /api/users',
  'POST /api/confirmations',
  'POST /api/invitations/accept',
  'POST /api/password-resets',
  'POST /api/password-resets/finish',
  'PUT /api/me/password',
  'POST /api/me/proof',
];

interface OidcOnly {
  oidc: Oidc | undefined;
}

/** These routes, of which those by password refuse where everybody signs in by OpenID Connect. Their error: ProblemError `forbidden`. */
export function refusingPasswords<Context>(routes: readonly RouteWith<Context & OidcOnly>[]): RouteWith<Context & OidcOnly>[] {
  return routes.map((route) => {
    if (!BY_PASSWORD.includes(`${route.row.method} ${route.row.path}`)) return route;
    const { row, answer } = route;
    return {
      row,
      answer: (context, request) => {
        if (context.oidc?.settings.only) throw new ProblemError('forbidden', detail(context.oidc.settings.name));
        return answer(context, request);
      },
    };
  });
}

function detail(name: string): string {
  return `Passwords are turned off here: everybody signs in by ${name} (GET /api/oidc/start).`;
}
