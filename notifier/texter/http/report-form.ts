/**
 * What a signature alone does not prove of a provider's report. It is of all names and values in a row, without a sign between them: who has caught one
 * may cut the same text anew, so that `ErrorCode` + `30003` comes as `ErrorCod` + `e30003`, and is not in the report any more.
 */
import type { NotificationState } from '../../../write-side/deciders/notification.ts';

export type ReportForm = Readonly<Record<string, string>>;

/** Names of fields that are in no value. */
const NAMES = ['AccountSid', 'ApiVersion', 'ErrorCode', 'ErrorMessage', 'MessageSid', 'MessageStatus', 'MessagingServiceSid', 'SmsSid', 'SmsStatus'];
/** Longer names that end with one of those. */
const LONGER = ['SmsMessageSid', 'ParentAccountSid'];
/** Names that may be in the value of a field in people's words, too. */
const SHORT = ['From', 'To'];
const NAME = /^[A-Z][A-Za-z0-9_]*$/;

/** True where the fields are not those that the provider signed: a name of theirs is not where a field begins, or ends in another place. */
export function isCutAnew(form: ReportForm): boolean {
  const names = Object.keys(form).sort();
  if (!names.every((name) => NAME.test(name) && !isShortened(name, form[name] ?? '') && !hasSwallowed(name, form[name] ?? ''))) return true;
  const [text, starts] = inARow(names, form);
  return NAMES.some((name) => placesOf(name, text).some((place) => starts.get(place) !== name && !endsLonger(name, place, starts)));
}

function isShortened(name: string, value: string): boolean {
  return SHORT.some((short) => name !== short && short.startsWith(name) && (name + value).startsWith(short));
}

function hasSwallowed(name: string, value: string): boolean {
  return NAMES.includes(name) && name !== 'ErrorMessage' && SHORT.some((short) => value.includes(short));
}

/** The text of a signature after the address, and the places in it where fields begin, with their names. */
function inARow(names: readonly string[], form: ReportForm): [text: string, starts: ReadonlyMap<number, string>] {
  const starts = new Map<number, string>();
  let text = '';
  for (const name of names) {
    starts.set(text.length, name);
    text += name + form[name];
  }
  return [text, starts];
}

function placesOf(name: string, text: string): number[] {
  const places: number[] = [];
  for (let place = text.indexOf(name); place >= 0; place = text.indexOf(name, place + 1)) places.push(place);
  return places;
}

function endsLonger(name: string, place: number, starts: ReadonlyMap<number, string>): boolean {
  return LONGER.some((longer) => longer.endsWith(name) && starts.get(place + name.length - longer.length) === longer);
}

/** True where a report's fields are of the message that was sent in this attempt (missing: in any), and say the same twice where they say it twice. */
export function isAbout(form: ReportForm, { recipient, providerId, attempts }: NotificationState, attempt: number | undefined): boolean {
  const { To: to, MessageSid: sid, MessageStatus: status, SmsSid: sameSid = sid, SmsStatus: sameStatus = status, ErrorCode: code = '' } = form;
  const isLast = attempt === undefined || attempt === attempts;
  const isSent = !isLast || providerId === null || sid === providerId;
  return to === recipient.phone && isSent && sameSid === sid && sameStatus === status && /^\d{0,10}$/.test(code);
}
