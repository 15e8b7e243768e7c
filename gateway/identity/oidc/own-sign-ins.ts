/** The sign-ins that are joined to one's account: seen, and taken away, as long as another way in is left. */
import { z } from 'zod';
import { instant } from '../../../contracts/fields.ts';
import { ProblemError } from '../../../contracts/problem.ts';
import type { CommandHandler } from '../../../platform/command-handler.ts';
import type { Limits } from '../../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../../platform/http/route.ts';
import type { Credentials } from '../credentials.ts';
import { expectFreshLogin } from '../fresh-login.ts';
import { recordOfAccount } from '../record-of-account.ts';
import { callerIn } from '../session-routes.ts';
import type { Sessions } from '../sessions.ts';
import { withMail } from '../told-by-mail.ts';
import type { OidcSettings } from './settings.ts';
import type { OwnSubject, Subjects } from './subjects.ts';

const signIn = z.strictObject({
  id: z.guid(),
  issuer: z.string().meta({ description: 'The URL of the issuer.' }),
  name: z.string().meta({ description: 'The issuer’s name as people know it, or its host where it is none of this installation any more.' }),
  since: instant.meta({ description: 'When it was joined to the account.' }),
});

export interface OwnSignInsOptions {
  /** Missing where no issuer is set. */
  oidc: { settings: OidcSettings } | undefined;
  subjects: Subjects;
  credentials: Credentials;
  sessions: Sessions;
  commands: CommandHandler;
  limits: Limits;
  now(): Date;
}

export const ownSignInRoutes: readonly RouteWith<OwnSignInsOptions>[] = [
  {
    row: {
      method: 'GET',
      path: '/api/me/sign-ins',
      who: 'user',
      tag: 'users',
      summary: 'The sign-ins at issuers (OpenID Connect) by which one comes into one’s account, the first one first.',
      response: z.strictObject({ items: z.array(signIn) }),
    },
    answer: async ({ oidc, subjects }, { caller }) => {
      const all = await subjects.list(callerIn(caller).id);
      return { body: { items: all.map(({ id, issuer, since }) => ({ id, issuer, name: nameOf(issuer, oidc?.settings), since })) } };
    },
  },
  {
    row: {
      method: 'DELETE',
      path: '/api/me/sign-ins/:id',
      audit: 'sign-in',
      who: 'user',
      tag: 'users',
      summary: 'Take a sign-in away from one’s account, but never the last way in; all other sessions end. Wants a fresh login.',
    },
    answer: remove,
  },
];

async function remove(options: OwnSignInsOptions, { caller, params, requestId }: RouteRequest): Promise<Answer> {
  const { subjects, sessions } = options;
  const actor = callerIn(caller);
  await expectFreshLogin(sessions, actor);
  const taken = (await subjects.list(actor.id)).find(({ id }) => id === params.id);
  if (!taken) throw new ProblemError('not_found', 'You have no such sign-in.');
  await withMail(options, actor, async () => {
    await subjects.decideToTake(taken, (left) => expectOtherWay(options, actor.id, left));
    // Before it is taken, so that a repeat after a failure still tells; once for each time that it was joined.
    const of = { id: actor.id, key: `${taken.id} ${taken.since}`, correlationId: requestId };
    await recordOfAccount(options, of, { type: 'TellSignInParted', data: { issuer: taken.issuer } });
    // Before it is taken, since a repeat would find none; and after it, for who came in by it meanwhile.
    await sessions.endAll(actor.id, 'revoked', { except: actor.sessionId });
    await subjects.take(taken);
  });
  await sessions.endAll(actor.id, 'revoked', { except: actor.sessionId });
  return { status: 204 };
}

/** Refuses where neither a password nor one of these sign-ins lets their owner in. Error: ProblemError `conflict`. */
async function expectOtherWay({ oidc, credentials }: OwnSignInsOptions, userId: string, left: readonly OwnSubject[]): Promise<void> {
  const settings = oidc?.settings;
  if (!settings?.only && (await credentials.has(userId))) return;
  if (settings && left.some(({ issuer }) => isSameIssuer(issuer, settings.issuer))) return;
  throw new ProblemError(
    'conflict',
    settings?.only
      ? 'This is the last way into your account.'
      : 'This is the last way into your account. Set a password first: have a link mailed that does (POST /api/password-resets), which takes your sign-ins away, too.',
  );
}

function isSameIssuer(one: string, other: string): boolean {
  const plain = (url: string) => url.replace(/\/$/, '');
  return plain(one) === plain(other);
}

function nameOf(issuer: string, settings: OidcSettings | undefined): string {
  if (settings && isSameIssuer(issuer, settings.issuer)) return settings.name;
  return URL.canParse(issuer) ? new URL(issuer).host : issuer;
}
