/** The limits that there are: how much of something in how long a time, and the variable that sets how much. */
import type { LimitPolicy } from './counter.ts';

/** A limit with its default, and the variable by which an installation has another number. */
export interface NamedPolicy extends LimitPolicy {
  variable: string;
  /** What there was too much of, as a sentence, for whoever is refused; missing: tries. */
  refusal?: string;
}

export const LIMIT_POLICIES = {
  /** Registrations, by network. */
  registration: { points: 300, seconds: 3_600, variable: 'REGISTRATION_LIMIT', refusal: 'There were too many registrations from this network.' },
  /** Wrong passwords: for an account from one network; from a network at accounts that were never in from there; for an account from strange networks. */
  'login-account-ip': { points: 10, seconds: 900, variable: 'LOGIN_LIMIT' },
  'login-ip': { points: 100, seconds: 900, variable: 'LOGIN_NETWORK_LIMIT' },
  'login-account': { points: 50, seconds: 3_600, variable: 'LOGIN_STRANGER_LIMIT' },
  /** Wrong passwords from a device that was in before, and checks of passwords at all, by network, or by account for such devices: each costs work. */
  'login-device': { points: 10, seconds: 900, variable: 'LOGIN_DEVICE_LIMIT' },
  'login-checks': { points: 2_000, seconds: 900, variable: 'LOGIN_CHECK_LIMIT' },
  /** Wrong codes of a second factor, of an account whose password is known: of a million codes, three are good at a time. */
  'second-factor': { points: 10, seconds: 900, variable: 'SECOND_FACTOR_LIMIT' },
  'second-factor-day': { points: 50, seconds: 86_400, variable: 'SECOND_FACTOR_DAY_LIMIT' },
  /** Mails with a link, which anybody may have sent to any address: by the address and who asks (a network, or an account), by the network, and to an address by strangers at large. */
  'link-mails': { points: 3, seconds: 3_600, variable: 'LINK_MAIL_LIMIT', refusal: 'Too many mails with a link were asked for.' },
  'link-mails-day': { points: 10, seconds: 86_400, variable: 'LINK_MAIL_DAY_LIMIT', refusal: 'Too many mails with a link were asked for.' },
  'link-mails-ip': { points: 100, seconds: 3_600, variable: 'LINK_MAIL_NETWORK_LIMIT', refusal: 'Too many mails with a link were asked for.' },
  'link-mails-address': { points: 30, seconds: 86_400, variable: 'LINK_MAIL_ADDRESS_LIMIT', refusal: 'Too many mails with a link were asked for.' },
  /** SMS with a code, which anybody may have sent to any number: by the number and by the user who asks, and by network. */
  'sms-codes': { points: 4, seconds: 3_600, variable: 'SMS_CODE_LIMIT', refusal: 'Too many SMS with a code were asked for.' },
  'sms-codes-day': { points: 10, seconds: 86_400, variable: 'SMS_CODE_DAY_LIMIT', refusal: 'Too many SMS with a code were asked for.' },
  'sms-codes-ip': { points: 30, seconds: 3_600, variable: 'SMS_CODE_NETWORK_LIMIT', refusal: 'Too many SMS with a code were asked for.' },
  /** Codes of mailed links, and links of labels, that are good for nothing, by the network that tries them. */
  'code-tries': { points: 60, seconds: 3_600, variable: 'CODE_TRY_LIMIT' },
  /** Repair requests without an account, by the asset and by the network: each calls somebody. */
  'asset-repairs': { points: 20, seconds: 86_400, variable: 'ASSET_REPAIR_LIMIT', refusal: 'There were too many requests for this.' },
  'network-repairs': {
    points: 20,
    seconds: 3_600,
    variable: 'NETWORK_REPAIR_LIMIT',
    refusal: 'There were too many requests for repairs from this network.',
  },
  /** Mails to an address that nobody has shown to be theirs, counted over all senders. */
  'stranger-mails': { points: 3, seconds: 3_600, variable: 'STRANGER_MAIL_LIMIT', refusal: 'This address gets no more mails for now.' },
  'stranger-mails-day': { points: 10, seconds: 86_400, variable: 'STRANGER_MAIL_DAY_LIMIT', refusal: 'This address gets no more mails for now.' },
  /** Commands that have mails sent, by user. */
  mails: { points: 1_000, seconds: 3_600, variable: 'MAIL_COMMAND_LIMIT', refusal: 'You have done too much of which people are told by mail.' },
  /** Changes of one's own account that are told by mail, by user. */
  'security-mails': {
    points: 100,
    seconds: 3_600,
    variable: 'SECURITY_MAIL_LIMIT',
    refusal: 'You have changed too much of your account that is told by mail.',
  },
  /** Ways back from the issuer of sign-ins, by network: each is a question to it. Those of people who are let in are given back. */
  'sign-in-ip': { points: 100, seconds: 900, variable: 'SIGN_IN_NETWORK_LIMIT' },
  /** Orders, each of which is a mail to whatever address its maker names. */
  orders: { points: 5_000, seconds: 3_600, variable: 'ORDER_LIMIT', refusal: 'You have placed too many orders.' },
  /** Words that one watches a task, or watches it no more: each lengthens a history that others read. */
  watching: { points: 300, seconds: 3_600, variable: 'WATCH_LIMIT', refusal: 'You have changed too often which tasks you watch.' },
  /** People who are expected, each with a code of their own. */
  visitors: { points: 300, seconds: 3_600, variable: 'VISITOR_LIMIT', refusal: 'You have expected too many visitors.' },
  /** Wrong codes of visits, by who tries them and the site. */
  'visit-codes': { points: 30, seconds: 900, variable: 'VISIT_CODE_LIMIT', refusal: 'Too many wrong codes were tried at this desk.' },
  /** Files, each of which is looked at, and pictures are made anew in several sizes. */
  uploads: { points: 1_000, seconds: 3_600, variable: 'UPLOAD_LIMIT', refusal: 'You have sent too many files.' },
  /** Documents with all that is kept of a person, by who asks: each reads whatever there is. */
  exports: { points: 10, seconds: 3_600, variable: 'EXPORT_LIMIT', refusal: 'Too many of these documents were asked for.' },
  /** Each API key may have a number of its own; this one is for keys without. */
  'api-key': { points: 600, seconds: 60, variable: 'API_KEY_LIMIT', refusal: 'There were too many requests with this key.' },
  /** Requests of a user that may change something, whatever it is. */
  commands: { points: 12_000, seconds: 60, variable: 'COMMAND_LIMIT', refusal: 'There were too many requests.' },
  /** Commands of a user on one thing: its history is as long as it has events. */
  'stream-commands': { points: 2_000, seconds: 3_600, variable: 'STREAM_COMMAND_LIMIT', refusal: 'You have changed this too often.' },
} as const satisfies Record<string, NamedPolicy>;

export type LimitName = keyof typeof LIMIT_POLICIES;
export type LimitVariable = (typeof LIMIT_POLICIES)[LimitName]['variable'];

/** The names of all limits. */
export const LIMIT_NAMES = Object.keys(LIMIT_POLICIES) as LimitName[];
