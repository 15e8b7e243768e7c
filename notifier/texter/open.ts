/** Opens the texter that a URL names. */
import { join } from 'node:path';
import type { OpenSender } from '../mailer/open.ts';
import { type Outbox, openOutbox } from '../mailer/outbox/outbox.ts';
import { Refused } from '../sending.ts';
import { isMessagingService, openHttpTexter } from './http/http.ts';
import type { Texter } from './texter.ts';

/** A texter, with the outbox where it is one, and with the token that a provider signs its reports with. */
export interface OpenTexter {
  texter: Texter;
  outbox: Outbox | null;
  /** The account's token; null where no provider reports. */
  token: string | null;
}

/** Opens `outbox:` (the file of the mails, in `dataDir`), `none:`, or a provider's `https:` address with account and token. Error: OutboxError. */
export function openTexter(url: string, { dataDir, from, ...outboxOptions }: OpenSender): OpenTexter {
  if (url.startsWith('outbox:')) {
    const outbox = openOutbox(join(dataDir, 'outbox.db'), outboxOptions);
    return { texter: { send: outbox.sendText, close: outbox.close }, outbox, token: null };
  }
  if (url.startsWith('none:')) return { texter: none, outbox: null, token: null };
  return { texter: openHttpTexter({ url, from }), outbox: null, token: decodeURIComponent(new URL(url).password) };
}

/** The texter that refuses every SMS at once. An admin may retry them once there is a provider. */
const none: Texter = {
  send: async () => {
    throw new Refused('no SMS are sent here: SMS_URL names no provider');
  },
  close: async () => {},
};

const EXAMPLE = 'https://ACCOUNT:TOKEN@api.example.org/2010-04-01/Accounts/ACCOUNT/Messages.json';
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** True where the provider can report to our public address: a provider elsewhere refuses an SMS that names an address of this machine alone. */
export function reachesUs(smsUrl: string, publicUrl: string | undefined): publicUrl is string {
  const isHere = (url: string) => LOOPBACK.test(new URL(url).hostname);
  return publicUrl !== undefined && /^https?:/.test(smsUrl) && (!isHere(publicUrl) || isHere(smsUrl));
}

/** The problem with an SMS_URL, undefined for none. It does not repeat the URL, which holds the account's token. */
export function smsUrlProblem(url: string): string | undefined {
  if (/^(outbox|none):$/.test(url)) return undefined;
  if (!/^https?:/.test(url) || !URL.canParse(url)) return `must be outbox:, none: or a provider’s address, like ${EXAMPLE}`;
  const { protocol, hostname, username, password } = new URL(url);
  if (protocol === 'http:' && !LOOPBACK.test(hostname))
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
