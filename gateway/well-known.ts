/** What programs ask for at addresses that are the same at every site: an icon, what search engines may read, whom to tell of a weakness, where a password is changed. */
import { ProblemError } from '../contracts/problem.ts';
import { ANY_QUERY } from '../platform/http/query-schemas.ts';
import type { Answer, RouteWith } from '../platform/http/route.ts';

export interface WellKnown {
  /** Where to tell of a weakness: a URI (SECURITY_CONTACT); undefined where nobody said. */
  securityContact: string | undefined;
  /** The address of the pages where one is set (PUBLIC_URL), without a slash at the end. */
  publicUrl: string | undefined;
  now(): Date;
}

type WellKnownRow = RouteWith<WellKnown>;

const row = (path: string, summary: string) =>
  ({ method: 'GET', path, who: 'anyone', summary, tag: 'pages', hidden: true, query: ANY_QUERY }) as const;

/** Milliseconds for which a copy of security.txt is good: RFC 9116 wants less than a year. */
const GOOD_FOR = 90 * 24 * 3_600_000;
const SECURITY = '/.well-known/security.txt';

/** The routes of well-known addresses. */
export const wellKnownRoutes: readonly WellKnownRow[] = [
  { row: row('/favicon.ico', 'The icon, for programs that do not read the page.'), answer: () => leadTo('/favicon.svg', 301) },
  {
    row: row('/robots.txt', 'What search engines may read: nothing, since all of it needs a login.'),
    answer: () => text('User-agent: *\nDisallow: /\n'),
  },
  { row: row(SECURITY, 'Whom to tell of a weakness (RFC 9116).'), answer: securityText },
  // RFC 8615; password managers lead people there.
  { row: row('/.well-known/change-password', 'Leads to the place at which a password is changed.'), answer: () => leadTo('/me/password', 302) },
];

function securityText({ securityContact, publicUrl, now }: WellKnown): Answer {
  if (securityContact === undefined)
    throw new ProblemError('not_found', 'Nobody has said here whom to tell of a weakness: SECURITY_CONTACT is not set.');
  const expires = new Date(now().getTime() + GOOD_FOR).toISOString();
  const canonical = publicUrl === undefined ? [] : [`Canonical: ${publicUrl}${SECURITY}`];
  return text([`Contact: ${securityContact}`, `Expires: ${expires}`, ...canonical, ''].join('\n'));
}

function text(body: string): Answer {
  return { body, headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'public, max-age=3600' } };
}

function leadTo(location: string, status: 301 | 302): Answer {
  return { status, headers: { Location: location } };
}

/** What is wrong with a contact, or undefined: it is one address at which people can write or call, as RFC 9116 has them. */
export function contactProblem(contact: string): string | undefined {
  const isOne = /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+|tel:\+?[\d().-]+)$/.test(contact) && URL.canParse(contact);
  return isOne ? undefined : 'must be one address like mailto:security@example.org or https://example.org/security';
}
