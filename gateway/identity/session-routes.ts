/** The routes of logging in, refreshing, logging out, and listing and ending one's sessions. */
import { z } from 'zod';
import { emailOnRecord, normaliseEmail } from '../../contracts/email.ts';
import { ProblemError } from '../../contracts/problem.ts';
import { type Role, role } from '../../contracts/role.ts';
import { passwordAsTyped } from '../../contracts/user.ts';
import { networkOf } from '../../platform/http/limits/limits.ts';
import { type Answer, type Caller, CONFINED, type RouteRequest, type RouteWith } from '../../platform/http/route.ts';
import type { UserState } from '../../write-side/deciders/user.ts';
import { ACCESS_SECONDS, type AccessTokens } from './access-tokens.ts';
import type { Attempts } from './attempts.ts';
import { boundOf, invalidToken, type Lacking } from './callers.ts';
import type { Credentials } from './credentials.ts';
import type { Asker } from './fair-turns.ts';
import type { KnownDevices } from './known-devices.ts';
import type { Subjects } from './oidc/subjects.ts';
import type { SecondFactors } from './second-factor/second-factors.ts';
import { SECOND_STEP_SECONDS, type Ticketed, type Tickets } from './second-factor/tickets.ts';
import { listOfSessions, sessionList } from './session-list.ts';
import type { OpenSession, SessionOrigin } from './session-record.ts';
import type { Sessions } from './sessions.ts';
import type { Users } from './users.ts';

const loginBody = z.strictObject({
  email: emailOnRecord,
  password: passwordAsTyped,
  devices: z
    .array(z.string().max(200))
    .max(10)
    .optional()
    .meta({ description: 'What earlier logins of this device answered as `device`: strangers cannot use up its tries.' }),
});
const refreshBody = z.strictObject({ refreshToken: z.string().min(1, 'must not be empty').max(500, 'is too long') });
/** The answer to logging in. */
export const sessionTokens = z.strictObject({
  accessToken: z.string().meta({ description: 'For Authorization: Bearer.' }),
  refreshToken: z.string().meta({ description: 'For POST /api/token/refresh, which answers the next one.' }),
  expiresIn: z.int().meta({ description: 'Seconds the access token is good for.' }),
  device: z
    .string()
    .optional()
    .meta({ description: 'Of a login: to be kept by this device, also after logging out, and given to its next login in `devices`.' }),
  user: z.strictObject({
    id: z.guid(),
    name: z.string(),
    role,
    confined: z.enum(CONFINED).optional().meta({
      description:
        'What the user may do until the e-mail address is confirmed, a password of their own chosen, or a second factor set up that the role must have; missing: everything.',
    }),
  }),
});
/** The answer to a password, or to a sign-in, where there is a second factor. */
export const ticketAnswer = z.strictObject({
  secondFactor: z.strictObject({
    ticket: z.string().meta({ description: 'For POST /api/login/second-factor.' }),
    expiresIn: z.int().meta({ description: 'Seconds the ticket is good for.' }),
  }),
});

export interface TokensOptions {
  users: Users;
  subjects: Pick<Subjects, 'isWayOf'>;
  tokens: AccessTokens;
  devices: KnownDevices;
  tickets: Tickets;
  secondFactors: SecondFactors;
  /** What a user still has to do before anything else. */
  lacking(userId: string, role: Role): Promise<Lacking>;
  /** What an account may do whose address is not confirmed; undefined: everything. */
  unconfirmed: Caller['confined'];
}

export interface SessionRoutesOptions extends TokensOptions {
  sessions: Sessions;
  credentials: Credentials;
  attempts: Attempts;
}

const OF_SESSIONS = { tag: 'sessions', profile: true } as const;

/** The routes of sessions. */
export const sessionRoutes: readonly RouteWith<SessionRoutesOptions>[] = [
  {
    row: {
      ...OF_SESSIONS,
      method: 'POST',
      path: '/api/login',
      audit: 'login',
      always: true,
      who: 'anyone',
      summary: 'Log in: makes a session, or answers a ticket for the second factor. Failures are limited by account and address.',
      body: loginBody,
      response: z.union([sessionTokens, ticketAnswer]),
      example: { email: 'alice@example.org', password: 'correct horse battery' },
    },
    answer: login,
  },
  {
    row: {
      ...OF_SESSIONS,
      method: 'POST',
      path: '/api/token/refresh',
      who: 'anyone',
      summary:
        'A fresh pair of tokens. Each refresh token is good for one, and again until that one’s refresh token was used; after that it ends the session.',
      body: refreshBody,
      response: sessionTokens,
      example: { refreshToken: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01.…' },
    },
    answer: async (options, request) =>
      answerWithTokens(options, await options.sessions.refresh((request.body as z.infer<typeof refreshBody>).refreshToken, originOf(request))),
  },
  {
    row: {
      ...OF_SESSIONS,
      method: 'POST',
      path: '/api/logout',
      audit: 'logout',
      who: 'user',
      summary: 'End this session: its tokens and sockets end with it.',
    },
    answer: async ({ sessions }, { caller }) => {
      const session = await sessions.get(callerIn(caller).sessionId);
      if (session) await sessions.end(session, 'logout');
      return { status: 204 };
    },
  },
  {
    row: {
      ...OF_SESSIONS,
      method: 'GET',
      path: '/api/sessions',
      who: 'user',
      summary: 'One’s sessions, the last used first.',
      response: sessionList,
    },
    answer: async ({ sessions }, { caller }) => {
      const { id, sessionId } = callerIn(caller);
      return { body: listOfSessions(await sessions.list(id), sessionId) };
    },
  },
  {
    row: { ...OF_SESSIONS, method: 'DELETE', path: '/api/sessions/:id', audit: 'session', who: 'user', summary: 'End one of one’s sessions.' },
    answer: endOne,
  },
  {
    row: {
      ...OF_SESSIONS,
      method: 'DELETE',
      path: '/api/sessions',
      audit: 'session',
      who: 'user',
      summary: 'End all of one’s sessions but this one.',
    },
    answer: async ({ sessions }, { caller }) => {
      await sessions.endAll(callerIn(caller).id, 'revoked', { except: callerIn(caller).sessionId });
      return { status: 204 };
    },
  },
];

/** The caller of a row that is not for anyone. Error: ProblemError `unauthorized`. */
export function callerIn(caller: Caller | null): Caller {
  if (!caller) throw invalidToken('Log in first.');
  return caller;
}

/** Logs a user in. An unknown account takes the same time and gets the same answer as a wrong password. */
async function login(options: SessionRoutesOptions, request: RouteRequest): Promise<Answer> {
  const { attempts, credentials, devices, sessions, users } = options;
  const { email, password, devices: shown = [] } = request.body as z.infer<typeof loginBody>;
  const user = await users.find(email);
  if (user) request.audit?.({ user: user.id });
  const version = user ? await credentials.version(user.id) : 0;
  const epoch = await sessions.epoch(user?.id ?? 'nobody');
  const standing = {
    device: devices.find(user?.id, shown, epoch),
    network: await isKnownNetwork(sessions, user?.id, request.ip),
  };
  const check = (asker: Asker) => credentials.verify(user?.id ?? null, password, asker);
  const right = await attempts.attempt(normaliseEmail(email), request.ip, check, standing);
  if (!user || !right) throw wrongPassword();
  const of = { userId: user.id, version, epoch };
  const second = await secondStepOf(options, of);
  // Nobody is in yet: the second step is the login.
  if (second) request.audit?.({ kind: 'proof' });
  return second ?? letIn(options, of, request);
}

/** The answer to who has proved one half, where there is a second factor: a ticket for POST /api/login/second-factor; null where there is none. */
export async function secondStepOf(
  { secondFactors, tickets }: Pick<TokensOptions, 'secondFactors' | 'tickets'>,
  of: Ticketed,
): Promise<Answer | null> {
  if (!(await secondFactors.isOn(of.userId))) return null;
  return { body: { secondFactor: { ticket: tickets.issue(of), expiresIn: SECOND_STEP_SECONDS } } };
}

/** Who is let in; `second`: true where a second factor was proved, too. */
type Entering = Ticketed & { second?: true };

/** Logs somebody in who has proved everything: the answer with the tokens, and what makes the device known. */
export async function letIn(options: SessionRoutesOptions, of: Entering, request: RouteRequest): Promise<Answer> {
  const answer = await answerWithTokens(options, await start(options, of, request));
  return { ...answer, body: { ...(answer.body as object), device: options.devices.issue(of.userId, of.epoch) } };
}

/** True where a session of this user that lives was begun in the network of this address. It takes as long for an unknown account. */
export async function isKnownNetwork(sessions: Sessions, userId: string | undefined, ip: string): Promise<boolean> {
  const network = networkOf(ip);
  return (await sessions.list(userId ?? 'nobody')).some(({ value }) => networkOf(value.ip) === network);
}

/**
 * What has changed since somebody showed one half of who they are: the password, or that all sessions ended, or the sign-in by which they came was taken
 * away; null where nothing has.
 */
export async function changeSince(
  { credentials, sessions, subjects }: Pick<SessionRoutesOptions, 'credentials' | 'sessions' | 'subjects'>,
  { userId, version, epoch, way }: Ticketed,
): Promise<'password' | 'account' | null> {
  if ((await credentials.version(userId)) !== version) return 'password';
  if ((await sessions.epoch(userId)) !== epoch) return 'account';
  return way === undefined || (await subjects.isWayOf(userId, way)) ? null : 'account';
}

/**
 * Makes a session, unless something has changed since the check, or a second factor was turned on that was not asked for: the end of all sessions may have
 * missed the new one.
 */
async function start(options: SessionRoutesOptions, of: Entering, request: RouteRequest): Promise<OpenSession> {
  const { sessions, secondFactors } = options;
  const { userId, provedAt, second } = of;
  const session = await sessions.start(userId, originOf(request), provedAt);
  const change = await changeSince(options, of);
  if (change === null && (second || !(await secondFactors.isOn(userId)))) return session;
  const made = await sessions.get(session.id);
  if (made) await sessions.end(made, change === 'password' ? 'password' : 'revoked');
  throw change === 'password' ? wrongPassword() : new ProblemError('conflict', 'The account was changed meanwhile. Log in again.');
}

function originOf({ header, ip }: RouteRequest): SessionOrigin {
  return { userAgent: header('user-agent')?.slice(0, 300) ?? null, ip };
}

function wrongPassword(): ProblemError {
  return new ProblemError('unauthorized', 'E-mail address or password is wrong.', { headers: { 'WWW-Authenticate': 'Bearer' } });
}

/** The answer with the tokens of a session. Error: ProblemError `unauthorized` where its user is deleted. */
export async function answerWithTokens({ tokens, users, unconfirmed, lacking }: TokensOptions, session: OpenSession): Promise<Answer> {
  const { id, userId, refreshToken } = session;
  const user = await users.get(userId);
  if (!user) throw invalidToken('This user is not there any more.');
  const { name, role, confirmed }: UserState = user.state;
  const bound = boundOf({ confirmed, lacking: await lacking(userId, role) }, unconfirmed);
  const accessToken = tokens.sign({ userId, sessionId: id, role });
  return {
    headers: { 'Cache-Control': 'no-store' },
    body: { accessToken, refreshToken, expiresIn: ACCESS_SECONDS, user: { id: userId, name, role, ...bound } },
  };
}

async function endOne({ sessions }: SessionRoutesOptions, { caller, params }: RouteRequest): Promise<Answer> {
  const session = await sessions.get(params.id ?? '');
  if (session?.value.userId !== callerIn(caller).id) throw new ProblemError('not_found', 'You have no such session.');
  await sessions.end(session, session.key === caller?.sessionId ? 'logout' : 'revoked');
  return { status: 204 };
}
