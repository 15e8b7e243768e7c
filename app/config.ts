/** The configuration from the environment. All its problems are named at once, before anything is opened. */

import { join, resolve } from 'node:path';
import { z } from 'zod';
import { email } from '../contracts/email.ts';
import { line } from '../contracts/fields.ts';
import { ROLES, type Role } from '../contracts/role.ts';
import { password } from '../contracts/user.ts';
import { weaknessOf } from '../gateway/identity/new-password.ts';
import { issuerProblem, rolesOf, rolesProblem, scopesProblem } from '../gateway/identity/oidc/settings.ts';
import { REGISTRATIONS } from '../gateway/identity/session-rules.ts';
import { contactProblem } from '../gateway/well-known.ts';
import { scanProblem } from '../media/scan/scan.ts';
import { isLoopback } from '../notifier/loopback.ts';
import { mailFromProblem, mailUrlProblem } from '../notifier/mailer/open.ts';
import { smsFromProblem, smsUrlProblem } from '../notifier/texter/open.ts';
import { filesUrlProblem } from '../platform/files/files-url.ts';
import { LIMIT_NAMES, LIMIT_POLICIES, type LimitName, type LimitVariable } from '../platform/http/limits/policies.ts';
import { originOf } from '../platform/http/origins.ts';
import { UserError } from '../platform/user-error.ts';
import { orderRulesProblem } from '../write-side/workers/order-rules-file.ts';
import { CHECKOUT } from './checkout-folder.ts';
import { oidcWrongTogether } from './oidc-settings.ts';

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);
const checked = (problemOf: (text: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message) context.addIssue({ code: 'custom', message });
  });
/** What those may do whose address is not confirmed. Mails of an outbox reach nobody, so nobody could confirm there. */
export function unconfirmedMay({ UNCONFIRMED, MAIL_URL }: Pick<Config, 'UNCONFIRMED' | 'MAIL_URL'>): 'none' | 'read' | 'all' {
  return UNCONFIRMED ?? (MAIL_URL.startsWith('outbox:') ? 'all' : 'none');
}

/** The name of the site: SITE_NAME; without it the host of PUBLIC_URL, where others know it by that, else `taskledger`. */
export function siteName({ SITE_NAME, PUBLIC_URL }: Pick<Config, 'SITE_NAME' | 'PUBLIC_URL'>): string {
  const host = PUBLIC_URL === undefined ? 'localhost' : new URL(PUBLIC_URL).hostname;
  return SITE_NAME ?? (isLoopback(host) ? 'taskledger' : host);
}

/** The numbers of all limits, as the variables say. */
export function limitsIn(config: Config): Record<LimitName, number> {
  return Object.fromEntries(LIMIT_NAMES.map((name) => [name, config[LIMIT_POLICIES[name].variable]])) as Record<LimitName, number>;
}

/** An operator's own choice may hold what it likes but what everybody guesses. */
function good(text: string, context: z.RefinementCtx): void {
  const weakness = weaknessOf(text);
  if (weakness) context.addIssue({ code: 'custom', message: weakness });
}
/** An origin however it is written, as `originOf` gives it. */
const origin = z.string().transform((text, context) => {
  const named = originOf(text);
  if (named === null) context.addIssue({ code: 'custom', message: 'must be an origin like https://tasks.example.org, without a path' });
  return named ?? '';
});

const onOrOff = z
  .enum(['0', '1'], 'must be 0 or 1')
  .default('0')
  .transform((text) => text === '1');

/** Roles, separated by commas. */
const rolesNamed = z
  .string()
  .transform((text) => text.split(',').map((word) => word.trim() as Role))
  .refine((words) => words.every((word) => ROLES.includes(word)), `must be roles separated by commas, of ${ROLES.join(', ')}`);

const MONGODB = /^mongodb(\+srv)?:\/\/./;
/**
 * The schema of a port's URL: the embedded implementation (with its file, if any, in DATA_DIR, which one process at a time holds), or a server's.
 * Messages do not repeat it, because it may hold a password.
 */
const pieceUrl = (embedded: string, server: RegExp, example: string) =>
  z
    .string()
    .refine((text) => text === embedded || (server.test(text) && URL.canParse(text.replace(/,[^/?]*/, ''))), `must be ${embedded} or like ${example}`)
    .default(embedded);

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const aLimit = (points: number) => wholeNumber(1, 100_000_000).default(points);
const LIMIT_VARIABLES = Object.fromEntries(Object.values(LIMIT_POLICIES).map(({ variable, points }) => [variable, aLimit(points)])) as Record<
  LimitVariable,
  ReturnType<typeof aLimit>
>;

const schema = z.object({
  PORT: wholeNumber(0, 65_535).default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATA_DIR: z
    .string()
    .min(1)
    .transform((path) => resolve(path))
    .default(join(CHECKOUT, 'data')),
  PUBLIC_URL: z
    .string()
    .refine((text) => /^https?:/.test(text) && URL.canParse(text), 'must be an http: or https: URL')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  ALLOWED_ORIGINS: z
    .string()
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .pipe(z.array(origin))
    .default([]),
  TASK_VISIBILITY: z.enum(['team', 'own'], 'must be team or own').default('team'),
  EVENT_STORE_URL: pieceUrl('sqlite:', /^(esdb|kurrentdb)(\+discover)?:\/\/./, 'esdb://host:2113?tls=false'),
  BUS_URL: pieceUrl('memory:', /^amqps?:\/\/./, 'amqp://user:password@host:5672'),
  READ_MODELS_URL: pieceUrl('sqlite:', MONGODB, 'mongodb://host:27017/taskledger'),
  SECRETS_URL: pieceUrl('sqlite:', MONGODB, 'mongodb://host:27017/taskledger_secrets'),
  CACHE_URL: pieceUrl('memory:', /^rediss?:\/\/./, 'redis://host:6379'),
  LIMITS_URL: pieceUrl('memory:', /^rediss?:\/\/./, 'redis://host:6379')
    .removeDefault()
    .optional(),
  FILES_URL: checked(filesUrlProblem).default('file:'),
  S3_ACCESS_KEY: z.string().min(1).optional(),
  S3_SECRET_KEY: z.string().min(1).optional(),
  MEDIA_PUBLIC_URL: origin.optional(),
  MEDIA_MOST_BYTES: wholeNumber(1_000, 5_000_000_000).default(25_000_000),
  MEDIA_USER_MB: wholeNumber(1, 1_000_000_000).default(1_000),
  MEDIA_TOTAL_MB: wholeNumber(1, 1_000_000_000).default(100_000),
  MEDIA_SCAN: checked(scanProblem).optional(),
  MEDIA_ORPHAN_DAYS: wholeNumber(1, 3_650).default(7),
  MEDIA_KEEP_ORIGINAL: onOrOff,
  MAIL_PICTURES: onOrOff,
  MAIL_URL: checked(mailUrlProblem).default('outbox:'),
  SITE_NAME: z
    .string()
    .max(60, 'must have at most 60 characters')
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line')
    .optional(),
  SECURITY_CONTACT: checked(contactProblem).optional(),
  MAIL_FROM: checked(mailFromProblem).default('taskledger <no-reply@localhost>'),
  SMS: z.enum(['on', 'off'], 'must be on or off').optional(),
  SMS_URL: checked(smsUrlProblem),
  SMS_FROM: checked(smsFromProblem).default('taskledger'),
  DELIVERY_ATTEMPTS: wholeNumber(1, 100).default(5),
  DELIVERY_WAIT_DAYS: wholeNumber(1, 365).default(5),
  LEASE_SECONDS: wholeNumber(1, 3_600).default(120),
  UNKNOWN_MAIL: z.enum(['again', 'hold'], 'must be again or hold').default('again'),
  UNKNOWN_SMS: z.enum(['again', 'hold'], 'must be again or hold').default('hold'),
  DUE_SOON_HOURS: z
    .string()
    .regex(/^\d{1,4}(\.\d{1,4})?$/, 'must be a number of hours')
    .transform(Number)
    .default(24),
  VISITOR_DAYS: wholeNumber(1, 3_650).default(90),
  ORDER_RULES: checked(orderRulesProblem).optional(),
  JWT_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  ADMIN_EMAIL: email.default('admin@localhost.localdomain'),
  OIDC_ISSUER: checked(issuerProblem).optional(),
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  OIDC_NAME: line(1, 60).optional(),
  OIDC_SCOPES: checked(scopesProblem).default('openid email profile'),
  OIDC_ROLE_CLAIM: z.string().min(1).max(200).optional(),
  OIDC_ROLES: checked(rolesProblem).transform(rolesOf).optional(),
  OIDC_ONLY: onOrOff,
  OIDC_AUTH_TIME: z.enum(['strict', 'trust']).default('strict'),
  UNCONFIRMED: z.enum(['none', 'read', 'all']).optional(),
  REQUIRE_2FA: rolesNamed.optional(),
  ADMIN_PASSWORD: password.superRefine(good).optional(),
  REGISTRATION: z.enum(REGISTRATIONS, `must be one of ${REGISTRATIONS.join(', ')}`).default('open'),
  SESSION_IDLE_DAYS: wholeNumber(1, 3_650).default(30),
  SESSION_MOST_DAYS: wholeNumber(1, 3_650).default(90),
  ...LIMIT_VARIABLES,
  SOCKET_LIMIT: wholeNumber(1, 1_000_000).default(10_000),
  SOCKET_NETWORK_LIMIT: wholeNumber(1, 1_000_000).default(2_000),
  SOCKET_HANDSHAKE_LIMIT: wholeNumber(1, 1_000_000).default(500),
  SOCKET_USER_LIMIT: wholeNumber(1, 1_000_000).default(1_000),
  SLOW_BODY_LIMIT: wholeNumber(1, 1_000_000).default(100),
  BODY_SECONDS: wholeNumber(1, 3_600).default(30),
  BODY_RATE: wholeNumber(0, 1_000_000).default(100),
  AUDIT_DAYS: wholeNumber(1, 3_650).default(90),
  BACKUP_LOG_MB: wholeNumber(1, 1_000_000).default(1_024),
  TRUST_PROXY: onOrOff,
  SOCKET_POLLING: onOrOff,
  ALLOW_OLDER: onOrOff,
  LOG_LEVEL: z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`).default('info'),
});

export type Config = z.output<typeof schema>;

/** Names of settings that hold a password or a key, or may: their values are in no message. */
const SECRET = /SECRET|PASSWORD|URL|KEY/;

/** The settings that hold a password or a key, or may. */
export const SECRET_SETTINGS: readonly string[] = Object.keys(schema.shape).filter((name) => SECRET.test(name));

/** Variables are wrong; the message names every one of them. */
export class ConfigError extends UserError {
  override readonly name = 'ConfigError';
}

/** The former names of variables, which still work. */
const BEFORE: Readonly<Record<string, string>> = { DELIVERY_ATTEMPTS: 'MAIL_ATTEMPTS' };

/**
 * Reads the environment. An empty variable counts as not set, and so do those in `unused`: variables that this process does not need may be wrong
 * or missing. `alsoWrong` names what else is wrong with the variables that are set, to be told with the rest. Error: ConfigError.
 */
export function readConfig(
  env: Record<string, string | undefined>,
  unused: readonly (keyof Config)[] = [],
  alsoWrong: (given: Readonly<Record<string, string | undefined>>) => readonly string[] = () => [],
): Config {
  const named = (name: string) => env[name] || env[BEFORE[name] ?? ''];
  const given = Object.fromEntries(
    Object.keys(schema.shape).flatMap((name) => (named(name) && !(unused as readonly string[]).includes(name) ? [[name, named(name)]] : [])),
  );
  given.SMS_URL = smsUrlOf(given);
  const result = schema.safeParse(given);
  const together = [...togetherWrong(given, unused), ...alsoWrong(given)];
  if (result.success && together.length === 0) return result.data;
  const problems = (result.error?.issues ?? []).map(
    (issue) => `${issue.path[0]?.toString() ?? '?'} ${issue.message}${shown(given[String(issue.path[0])], String(issue.path[0]))}`,
  );
  throw new ConfigError([...new Set([...problems, ...together])].join('; '));
}

/**
 * Where SMS go. Without SMS_URL: an outbox belongs to one process, and an installation with a mail server may have several; what `SMS` says is sent is sent
 * by another part then.
 */
function smsUrlOf({ SMS, SMS_URL, MAIL_URL = 'outbox:' }: Readonly<Record<string, string | undefined>>): string {
  if (SMS === 'off') return 'none:';
  if (SMS_URL !== undefined) return SMS_URL;
  if (MAIL_URL === 'outbox:') return 'outbox:';
  return SMS === 'on' ? 'elsewhere:' : 'none:';
}

/** Variables that must be set where the event store is a server: a process cannot make up their values, because the others would not know them. */
const OF_SERVERS = ['JWT_SECRET', 'ADMIN_EMAIL'];

/** Who has said that SMS are sent has told it to other parts, too: people would wait for codes that never come. */
const NO_SMS =
  'SMS_URL is none:, and SMS is on, as the other parts are told: name a provider, or set SMS=off for all parts (under docker compose an empty SMS_URL does it, too)';

/** The problems of variables that are wrong only together with others. */
function togetherWrong(given: Record<string, string | undefined>, unused: readonly string[]): string[] {
  const { EVENT_STORE_URL = '', READ_MODELS_URL = '', SECRETS_URL, PUBLIC_URL, MEDIA_PUBLIC_URL } = given;
  const isServer = !['', 'sqlite:'].includes(EVENT_STORE_URL);
  const missing = isServer ? OF_SERVERS.filter((name) => !given[name] && !unused.includes(name)) : [];
  const shared = MONGODB.test(READ_MODELS_URL) && databaseOf(READ_MODELS_URL) === databaseOf(SECRETS_URL);
  return [
    ...missing.map((name) => `${name} must be set where EVENT_STORE_URL is a server`),
    ...oidcWrongTogether(given),
    ...(shared ? ['SECRETS_URL must name another database than READ_MODELS_URL: secrets are backed up, read models are not'] : []),
    ...(isSameOrigin(PUBLIC_URL, MEDIA_PUBLIC_URL)
      ? ['MEDIA_PUBLIC_URL must be another origin than that of PUBLIC_URL: nothing but files is there']
      : []),
    ...(given.SMS === 'on' && given.SMS_URL === 'none:' ? [NO_SMS] : []),
  ];
}

function isSameOrigin(one = '', other = ''): boolean {
  return URL.canParse(one) && URL.canParse(other) && new URL(one).origin === new URL(other).origin;
}

/** The servers and the database of a MongoDB URL, as a text that is equal for equal ones. */
function databaseOf(url = ''): string {
  const [, hosts = '', database = ''] = /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]*)\/?([^?]*)/.exec(url) ?? [];
  const each = hosts.split(',').map((host) => (host.includes(':') ? host : `${host}:27017`).toLowerCase());
  return `${each.toSorted()}/${database || 'test'}`;
}

function shown(value: string | undefined, name: string): string {
  return value === undefined || SECRET.test(name) ? '' : ` (it is ${JSON.stringify(value)})`;
}
