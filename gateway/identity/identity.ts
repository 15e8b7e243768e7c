/** Identity: registration, logins, sessions, tokens. The users themselves belong to the write side. */
import type { ExportProfile } from '../../contracts/person-export.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { Role } from '../../contracts/role.ts';
import type { AbsencesLog } from '../../platform/absences/absences.ts';
import type { WhileStarting } from '../../platform/absences/while-starting.ts';
import type { BriefCache } from '../../platform/brief-cache/brief-cache.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import type { EventStore } from '../../platform/event-store/event-store.ts';
import type { Limits } from '../../platform/http/limits/limits.ts';
import { type Caller, type Route, refusalOfConfined, routesWith } from '../../platform/http/route.ts';
import type { PersonSource } from '../../platform/person-source.ts';
import { ownSources } from '../person-export/own-sources.ts';
import { profileOf } from '../person-export/profile.ts';
import { type AccessTokens, openAccessTokens } from './access-tokens.ts';
import { type ApiKeys, openApiKeys } from './api-keys.ts';
import { openAttempts } from './attempts.ts';
import { boundOf, type Lacking, openCallers, type SessionOwner } from './callers.ts';
import { type CodePurpose, openCodes } from './codes.ts';
import { openCredentials } from './credentials.ts';
import { ensureFirstAdmin } from './first-admin.ts';
import { expectFreshLogin } from './fresh-login.ts';
import { identityRoutes } from './identity-routes.ts';
import { acceptedIn, invitedAddressIn, openInvitations } from './invitations.ts';
import type { Keys } from './keys.ts';
import { openKnownDevices } from './known-devices.ts';
import { openNobody } from './nobody.ts';
import { openOidc } from './oidc/oidc.ts';
import type { OidcSettings } from './oidc/settings.ts';
import { openSubjects } from './oidc/subjects.ts';
import { openPasswords, type PasswordOptions } from './passwords.ts';
import { openPhoneCodes } from './phone-codes.ts';
import { openSecondFactors } from './second-factor/second-factors.ts';
import { openTickets } from './second-factor/tickets.ts';
import type { Secrets } from './secrets/secrets.ts';
import { openSessionEnds, type SessionEndsOptions } from './session-ends.ts';
import type { SessionLimits } from './session-record.ts';
import type { Registrations } from './session-rules.ts';
import { openSessions } from './sessions.ts';
import { shareCallers } from './shared-callers.ts';
import { openUsers } from './users.ts';

export interface IdentityOptions {
  secrets: Secrets;
  keys: Keys;
  commands: CommandHandler;
  store: Pick<EventStore, 'append' | 'readStream'>;
  /** TASK_VISIBILITY: the roles of TEAM read all tasks (`team`), or only tasks that concern the user (`own`). */
  config: {
    taskVisibility: 'team' | 'own';
    /** UNCONFIRMED: what those may do whose e-mail address is not confirmed: see their own profile, read, or everything (default). */
    unconfirmed?: 'none' | 'read' | 'all';
    /** REGISTRATION: who may make an account without being invited; default open. */
    registrations?: Registrations;
    /** SESSION_IDLE_DAYS and SESSION_MOST_DAYS: when sessions end by themselves; default 30 and 90 days. */
    sessions?: SessionLimits;
    /** REQUIRE_2FA: the roles that must have a second factor; until they have, they can do nothing but set one up. Default: none. */
    requireSecondFactor?: readonly Role[];
    /** True where the installation sends SMS; default false. */
    sendsSms?: boolean;
    /** True where browsers post files to the file store itself; default false. */
    directUploads?: boolean;
  };
  limits: Limits;
  /** The cache that the processes of the installation share; missing: this process is alone. */
  briefCache?: BriefCache | null;
  /** Called for each question who a caller is: answered from memory, from the shared cache, or looked up. */
  asked?: (how: 'remembered' | 'shared' | 'looked_up') => void;
  /** The issuer at which people may sign in, and the address of the pages, to which it sends them back; missing: none. */
  oidc?: { settings: OidcSettings; publicUrl(): string } | undefined;
  log: SessionEndsOptions['log'] & AbsencesLog;
  now?: () => Date;
  /** The monotonic clock, in milliseconds, for tests; default performance.now. */
  clock?: () => number;
  passwords?: PasswordOptions;
}

export interface Identity {
  /** The routes of `identityRoutes`. */
  routes: Route[];
  /** The options with which koa-jwt verifies access tokens; the verified claims go to `callerOf`. */
  accessTokens: AccessTokens['options'];
  /** Resolves to the caller of verified claims. Error: ProblemError `unauthorized`. */
  callerOf(claims: unknown): Promise<Caller>;
  /** Resolves to the backend that an API key belongs to. Errors: ProblemError `unauthorized` and `limited`. */
  admit: ApiKeys['admit'];
  /**
   * Resolves to the caller of an access token, with its end (milliseconds since 1970), for a live connection. Errors: ProblemError `unauthorized`;
   * `forbidden` where the account can do nothing but what comes first: confirm its address, or set up a second factor.
   */
  authenticate(accessToken: string): Promise<Caller & { expiresAt: number }>;
  /**
   * Looks the account behind a session up anew, in the log and the secrets. Errors: ProblemError `unauthorized` where the session has ended, `forbidden`
   * where the account can do nothing but what comes first.
   */
  expectUnbound(session: Pick<Caller, 'id' | 'sessionId'>): Promise<void>;
  /** Resolves to those of these sessions' ids that have ended, as the secrets have it now. Rejects while they are away. */
  endedAmong(sessionIds: readonly string[]): Promise<string[]>;
  /** Error: ProblemError `forbidden` of the type FRESH_LOGIN_NEEDED, unless the caller has proved lately who they are. */
  expectFresh(caller: Caller): Promise<void>;
  /** True where users of a role may read every task. */
  seesAll(role: Role): boolean;
  /**
   * Makes a one-time code for a link in a mail: to confirm an address (good for 48 hours) or another one (10 minutes), to set a password (10 minutes), or to accept an invitation
   * (7 days); or the six digits of an SMS that confirm a phone number (10 minutes). `id`: the user's, or the invitation's. Rejects where there is none.
   */
  issueCode(id: string, purpose: CodePurpose | 'phone'): Promise<string>;
  /**
   * Makes the first admin where there is none, within the patience of a start; resolves to the password if it was made here (nobody can see it again),
   * else null.
   */
  ensureAdmin(email: string, password?: string, whileStarting?: WhileStarting): Promise<string | null>;
  /**
   * To be called after a user's role changed: their next request has the new role. Resolves once the other processes were told; those that were not
   * notice within a second. Never rejects.
   */
  onUserChanged(userId: string): Promise<void>;
  /** To be called after a user was deleted: ends their sessions, and removes their password, codes, second factor and ways to sign in. */
  onUserDeleted(userId: string): Promise<void>;
  /** What is kept of a person here: the profile (null for nobody; there, too, of a deleted user), and a source for each list. */
  personData: { profileOf(userId: string): Promise<ExportProfile | null>; sources: readonly PersonSource[] };
}

const MAY_UNCONFIRMED = { none: 'profile', read: 'read', all: undefined } as const;

/** The roles of those who work here. Residents and services see only tasks that concern them. */
const TEAM: readonly Role[] = ['member', 'staff', 'security', 'maintenance', 'customer-service'];

export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { secrets, keys, commands, limits, log, store, config, now = () => new Date(), clock } = options;
  const { hmac } = keys;
  const seesAll = (role: Role) => role === 'admin' || (config.taskVisibility === 'team' && TEAM.includes(role));

  const unconfirmed = MAY_UNCONFIRMED[config.unconfirmed ?? 'all'];
  const { registrations = 'open' } = config;
  const users = openUsers(commands);
  const tokens = openAccessTokens(keys.jwt, now);
  const attempts = openAttempts(limits);
  const apiKeys = openApiKeys({ secrets, limits, now, clock });
  const credentials = openCredentials(secrets, await openPasswords(options.passwords));
  const emailOf = async (id: string) => (await users.get(id))?.state.email ?? null;
  // However it was confirmed: a link of before would set the password of an account that is somebody's.
  const unconfirmedOf = async (id: string) => {
    const user = await users.get(id);
    return !user || user.state.confirmed ? null : user.state.email;
  };
  const pendingOf = async (id: string) => (await users.get(id))?.state.pending?.email ?? null;
  const codes = openCodes({
    secrets,
    addresses: { confirm: unconfirmedOf, reset: emailOf, address: pendingOf, invitation: invitedAddressIn(commands) },
    isAccepted: acceptedIn({ commands, users }),
    hmac,
    now,
  });
  const wantedBy = async (id: string) => (await users.get(id))?.state.pendingPhone?.phone ?? null;
  const phoneCodes = openPhoneCodes({ secrets, wantedBy, hmac, now });
  const invitations = openInvitations({ commands, codes, users, now });
  const secondFactors = openSecondFactors({ secrets, sealing: keys.sealing, now });
  const tickets = openTickets(keys.jwt, now);
  const requireSecondFactor = config.requireSecondFactor ?? [];
  const lacking = async (userId: string, role: Role): Promise<Lacking> => ({
    // Where no password lets anybody in, nobody has to choose one.
    ownPassword: !options.oidc?.settings.only && (await credentials.isMade(userId)),
    secondFactor: requireSecondFactor.includes(role) && !(await secondFactors.isOn(userId)),
  });
  const shares = (owner: SessionOwner) => !boundOf(owner, unconfirmed).confined;
  const shared = shareCallers({ cache: options.briefCache, hmac, lookUp, shares, now, count: options.asked });
  const remembered = () => options.asked?.('remembered');
  const callers = openCallers({ tokens, lookUp: shared.ownerOf, remembered, seesAll, unconfirmed, now, clock });
  const changed = (userId: string) => {
    callers.forgetUser(userId);
    return shared.userChanged(userId);
  };
  const forget = (sessionId: string) => {
    callers.forgetSession(sessionId);
    return shared.sessionEnded(sessionId);
  };
  const ends = openSessionEnds({ store, log, forget });
  const sessions = openSessions({ secrets, ends, hmac, exists: async (id) => (await users.get(id)) !== null, limits: config.sessions, now, clock });

  const subjects = openSubjects({ secrets, hmac, now });
  const ofAccounts = {
    commands,
    credentials,
    users,
    sessions,
    codes,
    subjects,
    secondFactors,
    attempts,
    limits,
    registrations,
    invitations,
    changed,
  };
  const oidc = options.oidc && openOidc({ ...options.oidc, secrets, hmac, log, now, clock, accounts: ofAccounts });

  async function lookUp(sessionId: string) {
    const session = await sessions.get(sessionId);
    const user = session && (await users.get(session.value.userId));
    if (!session || !user) return null;
    const { userId } = session.value;
    const { role, posts, confirmed } = user.state;
    return { userId, role, ...(posts.length > 0 ? { posts } : {}), confirmed, lacking: await lacking(userId, role) };
  }

  return {
    routes: routesWith(
      {
        commands,
        credentials,
        users,
        attempts,
        limits,
        hmac,
        now,
        sessions,
        devices: openKnownDevices({ hmac, now }),
        tokens,
        codes,
        phoneCodes,
        sendsSms: config.sendsSms ?? false,
        directUploads: config.directUploads ?? false,
        apiKeys,
        unconfirmed,
        registrations,
        invitations,
        oidc,
        subjects,
        forgetUser: changed,
        nobody: openNobody(store),
        secondFactors,
        tickets,
        requireSecondFactor,
        lacking,
        changed,
      },
      identityRoutes,
    ),
    accessTokens: tokens.options,
    callerOf: callers.callerOf,
    admit: apiKeys.admit,
    authenticate: async (accessToken) => {
      const caller = await callers.authenticate(accessToken);
      expectAtMostReading(caller);
      return caller;
    },
    expectUnbound: async ({ id, sessionId }) => {
      const owner = await lookUp(sessionId);
      if (owner?.userId !== id) throw new ProblemError('unauthorized', 'Your session has ended.');
      expectAtMostReading(boundOf(owner, unconfirmed));
    },
    endedAmong: sessions.endedAmong,
    expectFresh: (caller) => expectFreshLogin(sessions, caller),
    seesAll,
    issueCode: (id, purpose) => (purpose === 'phone' ? phoneCodes.issue(id) : codes.issue(id, purpose)),
    ensureAdmin: (email, password, whileStarting) =>
      ensureFirstAdmin({ commands, credentials, users, now, ...(whileStarting ? { whileStarting } : {}) }, email, password),
    onUserChanged: changed,
    personData: {
      profileOf: (userId) => profileOf({ store, users, credentials, secondFactors }, userId),
      sources: ownSources({ store, commands, users, sessions, subjects, apiKeys }),
    },
    onUserDeleted: async (userId) => {
      await changed(userId);
      await sessions.endAll(userId, 'deleted');
      await credentials.remove(userId);
      await codes.forget(userId);
      await subjects.partAll(userId);
      await secondFactors.remove(userId);
      await sessions.forget(userId);
    },
  };
}

/** Refuses whoever may not even read. */
function expectAtMostReading({ confined }: Pick<Caller, 'confined'>): void {
  if (confined && confined !== 'read') throw refusalOfConfined(confined);
}
