/** Opens the texter that a URL names. */
import { join } from 'node:path';
import { UserError } from '../../platform/user-error.ts';
import { isLoopback } from '../loopback.ts';
import type { OpenSender } from '../mailer/open.ts';
import { type Outbox, openOutbox } from '../mailer/outbox/outbox.ts';
import { isElsewhere, labelsProblem, throughProviders, urlsIn } from '../providers.ts';
import { Refused } from '../sending.ts';
import { isMessagingService, openHttpTexter } from './http/http.ts';
import type { Texter } from './texter.ts';

/** A texter, with the outbox where it is one, and with the tokens that the providers sign their reports with. */
export interface OpenTexter {
  texter: Texter;
  outbox: Outbox | null;
  /** The accounts' tokens; none where no provider reports. */
  tokens: readonly string[];
}

/**
 * Opens `outbox:` (the file of the mails, in `dataDir`), `none:`, or providers' `https:` addresses with account and token, several with blanks
 * between, in the order in which they are asked. The log hears of providers that fail. Errors: OutboxError; UserError, for `elsewhere:`.
 */
export function openTexter(url: string, { dataDir, from, ...outboxOptions }: OpenSender): OpenTexter {
  if (url.startsWith('outbox:')) {
    const outbox = openOutbox(join(dataDir, 'outbox.db'), outboxOptions);
    return { texter: { send: outbox.sendText, close: outbox.close }, outbox, tokens: [] };
  }
  if (isElsewhere(url)) throw new UserError('SMS_URL is elsewhere: in a process that sends SMS: name the provider, outbox: or none:');
  if (url.startsWith('none:')) return { texter: none, outbox: null, tokens: [] };
  const urls = urlsIn(url);
  const providers = throughProviders(
    urls.map((one, index) => ({ label: labelIn(one) ?? String(index + 1), send: openHttpTexter({ url: withoutLabel(one), from }).send })),
    { variable: 'SMS_URL', log: outboxOptions.log ?? {} },
  );
  return { texter: { ...providers, close: async () => {} }, outbox: null, tokens: urls.map((one) => decodeURIComponent(new URL(one).password)) };
}

/** A provider's name in the history of an SMS: the parameter `label` of its address, which is ours and goes to no provider. */
function labelIn(url: string): string | undefined {
  return new URL(url).searchParams.get('label') ?? undefined;
}

function withoutLabel(url: string): string {
  const address = new URL(url);
  address.searchParams.delete('label');
  return address.href;
}

/** The texter that refuses every SMS at once. An admin may retry them once there is a provider. */
const none: Texter = {
  send: async () => {
    throw new Refused('no SMS are sent here: SMS_URL names no provider');
  },
  close: async () => {},
};

const EXAMPLE = 'https://ACCOUNT:TOKEN@api.example.org/2010-04-01/Accounts/ACCOUNT/Messages.json';

/** True where the provider can report to our public address: a provider elsewhere refuses an SMS that names an address of this machine alone. */
export function reachesUs(smsUrl: string, publicUrl: string | undefined): publicUrl is string {
  const isHere = (url: string) => isLoopback(new URL(url).hostname);
  return publicUrl !== undefined && /^https?:/.test(smsUrl) && (!isHere(publicUrl) || urlsIn(smsUrl).every(isHere));
}

/** The problem with an SMS_URL, undefined for none; `elsewhere:` is for processes that send no SMS. It does not repeat the URL, which holds the account's token. */
export function smsUrlProblem(text: string): string | undefined {
  const urls = urlsIn(text);
  if (urls.length === 0) return problemOf(text);
  const problems = urls.map((url) => (urls.length > 1 && !/^https?:/.test(url) ? 'must have outbox: or none: alone' : problemOf(url)));
  return problems.find(Boolean) ?? labelsProblem(/^https?:/.test(text) ? urls.map(labelIn) : []);
}

function problemOf(url: string): string | undefined {
  if (/^(outbox|none):$/.test(url) || isElsewhere(url)) return undefined;
  if (!/^https?:/.test(url) || !URL.canParse(url)) return `must be outbox:, none: or a provider’s address, like ${EXAMPLE}`;
  const { protocol, hostname, username, password } = new URL(url);
  if (protocol === 'http:' && !isLoopback(hostname))
    return 'must begin with https: (http: only on this machine, for tests): the token goes with each request';
  return username && password && isDecodable(username + password) ? undefined : `must hold the account and its token, like ${EXAMPLE}`;
}

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== '';
  } catch {
    return false;
  }
}

/** The problem with an SMS_FROM, undefined for E.164, a short code, a messaging service, or a name of up to 11 letters and digits with a letter in it. */
export function smsFromProblem(from: string): string | undefined {
  if (isMessagingService(from) || /^(\+[1-9]\d{6,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/.test(from)) return undefined;
  return 'must be a phone number like +4915112345678, a short code, a messaging service’s SID (MG and 32 hexadecimal digits), or a name of up to 11 letters and digits';
}
