/** The settings of a mail server, as a URL with parameters says them: `smtp://user:password@mail.example.org:587?requireTLS=true`. */
import { readFileSync } from 'node:fs';
import { isLoopback } from '../../loopback.ts';

/** The settings as nodemailer takes them, but for `label`. */
export interface SmtpSettings {
  host: string;
  /** Undefined: the scheme's own port. */
  port: number | undefined;
  /** True for TLS from the first byte on (smtps:). */
  secure: boolean;
  auth?: { user: string; pass: string };
  requireTLS: boolean;
  ignoreTLS: boolean;
  tls: { rejectUnauthorized?: boolean; servername?: string; ca?: string };
  /** The name of the greeting (EHLO); undefined: ehlo-name.ts finds one. */
  name?: string;
  /** Milliseconds: to connect and be greeted in all, for the greeting, and of silence in each later step. */
  connectionTimeout: number;
  greetingTimeout: number;
  socketTimeout: number;
  /** Connections at once, and mails over one. */
  maxConnections: number;
  maxMessages: number;
  /** The name of this provider in the history of a mail. */
  label?: string;
}

/** Ten minutes for every step: RFC 5321, 4.5.3.2 wants five for most, and ten after the final dot; nodemailer has one for them all. */
const TEN_MINUTES = 600_000;
const DEFAULTS = {
  ...{ requireTLS: false, ignoreTLS: false, tls: {} },
  ...{ connectionTimeout: TEN_MINUTES, greetingTimeout: TEN_MINUTES, socketTimeout: TEN_MINUTES, maxConnections: 10, maxMessages: 100 },
};

/** A URL that is no setting of a mail server; the message says what it must be, and repeats nothing of a password. */
export class SmtpUrlError extends Error {}

interface Parameter {
  /** Reads the parameter's text; undefined where it is none. */
  read(text: string): unknown;
  must: string;
}

const flag: Parameter = { read: (text) => ({ true: true, false: false })[text], must: 'be true or false' };
const whole = (most: number): Parameter => ({
  read: (text) => (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= most ? Number(text) : undefined),
  must: `be a whole number from 1 to ${most}`,
});
const matching = (pattern: RegExp, must: string): Parameter => ({ read: (text) => (pattern.test(text) ? text : undefined), must });

/** All parameters. Those with a dot are fields of `tls`, as nodemailer names them. */
const PARAMETERS: Readonly<Record<string, Parameter>> = {
  connectionTimeout: whole(3_600_000),
  greetingTimeout: whole(3_600_000),
  socketTimeout: whole(3_600_000),
  maxConnections: whole(100),
  maxMessages: whole(1_000_000),
  requireTLS: flag,
  ignoreTLS: flag,
  'tls.rejectUnauthorized': flag,
  'tls.servername': matching(/^[\w.-]{1,253}$/, 'be a host name'),
  ca: { read: certificatesIn, must: 'be the path of a file with certificates in PEM form, which can be read' },
  name: matching(/^([\w.-]{1,253}|\[[\w.:]{1,60}\])$/, 'be a full host name, or an address like [192.0.2.7]'),
  label: matching(/^[\w-]{1,40}$/, 'be letters, digits, _ and -, at most 40'),
};

function certificatesIn(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    return text.includes('-----BEGIN CERTIFICATE-----') ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a mail server's URL. Error: SmtpUrlError. */
export function readSmtpUrl(url: string): SmtpSettings {
  const { protocol, hostname, port, username, password, searchParams } = parsed(url);
  const secure = protocol === 'smtps:';
  const auth = username || password ? { auth: { user: decoded(username), pass: decoded(password) } } : {};
  const settings = { ...DEFAULTS, host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : undefined, secure, ...auth };
  return guarded(withParameters(settings, searchParams), { isRemote: !isLoopback(hostname), given: searchParams });
}

function parsed(url: string): URL {
  if (URL.canParse(url) && new URL(url).hostname !== '') return new URL(url);
  throw new SmtpUrlError('must name a server, like smtp://user:password@mail.example.org:587 (a % in the password as %25, an @ as %40)');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SmtpUrlError('must have a % in the user or the password as %25');
  }
}

function withParameters(settings: SmtpSettings, given: URLSearchParams): SmtpSettings {
  const fields: Record<string, unknown> = {};
  const tls: Record<string, unknown> = {};
  for (const [name, text] of given) {
    const value = readParameter(name, text);
    if (name.startsWith('tls.')) tls[name.slice('tls.'.length)] = value;
    else if (name === 'ca') tls.ca = value;
    else fields[name] = value;
  }
  return { ...settings, ...fields, tls };
}

function readParameter(name: string, text: string): unknown {
  if (!Object.hasOwn(PARAMETERS, name))
    throw new SmtpUrlError(`does not know the parameter ${name}; there are ${Object.keys(PARAMETERS).join(', ')}`);
  const value = PARAMETERS[name]?.read(text);
  if (value === undefined) throw new SmtpUrlError(`has the parameter ${name}, which must ${PARAMETERS[name]?.must}`);
  return value;
}

/** Requires TLS where a password goes to another machine. Error: SmtpUrlError where the URL wants it without. */
function guarded(settings: SmtpSettings, { isRemote, given }: { isRemote: boolean; given: URLSearchParams }): SmtpSettings {
  if (!settings.auth || settings.secure || !isRemote) return settings;
  if (settings.ignoreTLS || given.get('requireTLS') === 'false')
    throw new SmtpUrlError('must not do without TLS where it has a password: only a server on this machine gets one without');
  return { ...settings, requireTLS: true };
}
