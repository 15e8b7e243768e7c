/**
 * Which addresses and numbers are a person's, to be destroyed with them: those that were confirmed as theirs, and those that their account had without that,
 * as long as nobody else has used them. What somebody only asked for may be anybody's, and what another user has confirmed since, or shares, is that
 * user's, too.
 */
import { isKnown, upcast } from '../../contracts/catalog.ts';
import { mailboxOf, normaliseEmail, storedEmail } from '../../contracts/email.ts';
import type { RecordedEvent } from '../../contracts/message.ts';
import { ERASED_ADDRESS, ERASED_PHONE } from '../../contracts/personal.ts';
import type { UserEvent } from '../../contracts/user.ts';
import { takingTurns } from '../concurrency/taking-turns.ts';
import type { EventStore } from '../event-store/event-store.ts';

/** What a user has now, and what of it was confirmed as theirs. Of an account that is deleted, nothing. */
interface Reached {
  email: string;
  isConfirmed: boolean;
  phone: string;
}

const NOTHING: Reached = { email: '', isConfirmed: false, phone: '' };
const TYPES: ReadonlySet<string> = new Set<UserEvent['type']>([
  'UserCreated',
  'UserEdited',
  'UserConfirmed',
  'EmailChanged',
  'PhoneConfirmed',
  'PhoneRemoved',
  'UserDeleted',
]);
/** Events that somebody else may have brought about with an address of whoever has no account. */
const USES: ReadonlySet<string> = new Set(['OrderPlaced', 'InvitationMade', 'InvitationSentAgain']);
const SOUGHT: ReadonlySet<string> = new Set([...TYPES, ...USES]);
const ERASED_VALUES: ReadonlySet<string> = new Set([ERASED_ADDRESS, ERASED_PHONE]);

/**
 * The addresses and numbers of a user, in each form in which they may be stored: those that were ever confirmed as theirs, and those that their account had
 * without that and that stand in no order and no invitation of somebody else; but for those that another user has confirmed and has now. Where there are any,
 * it reads the whole log. Errors: those of the store.
 */
export async function ownAddresses(store: Pick<EventStore, 'readStream' | 'readAll'>, person: string): Promise<string[]> {
  const { confirmed, had } = await everHad(store, person);
  if (had.size === 0) return [];
  const others = await ofOthers(store, person, new Set([...had].map(comparedAddress)));
  const isOwn = (one: string) => !(others.confirmed.has(comparedAddress(one)) || (!confirmed.has(one) && others.used.has(comparedAddress(one))));
  return [...new Set([...had].filter(isOwn).flatMap(formsOf))];
}

/** What a user ever had, and what of it was confirmed as theirs. */
async function everHad(store: Pick<EventStore, 'readStream'>, person: string) {
  const [confirmed, had] = [new Set<string>(), new Set<string>()];
  let reached = NOTHING;
  const take = (event: RecordedEvent) => {
    reached = after(reached, event);
    for (const one of confirmedOf(reached)) confirmed.add(one);
    for (const one of allOf(reached)) had.add(one);
  };
  for await (const page of store.readStream(`user-${person}`)) for (const event of page.filter(({ type }) => TYPES.has(type))) take(event);
  return { confirmed, had };
}

/** Those of these addresses that other users have confirmed and have now, and those that somebody else has used. */
async function ofOthers(store: Pick<EventStore, 'readAll'>, person: string, sought: ReadonlySet<string>) {
  const users = new Map<string, Reached>();
  const used = new Set<string>();
  const turn = takingTurns();
  for await (const page of store.readAll({ lean: true, types: SOUGHT })) {
    for (const event of page.filter(({ type, stream }) => TYPES.has(type) && stream !== `user-${person}`)) note(users, event, sought);
    for (const address of page.flatMap((event) => usedIn(event, person))) used.add(address);
    await turn();
  }
  return { confirmed: new Set([...users.values()].flatMap((one) => confirmedOf(one).map(comparedAddress))), used };
}

/** The address in an event that somebody other than this person has brought about. */
function usedIn(event: RecordedEvent, person: string): string[] {
  if (!USES.has(event.type) || !isKnown(event) || event.metadata.actor === person) return [];
  const { email } = upcast(event).data as { email?: string };
  return email === undefined ? [] : [comparedAddress(email)];
}

/** Notes what a user has after an event. Of the many who have nothing of what is sought nothing is remembered. */
function note(others: Map<string, Reached>, event: RecordedEvent, sought: ReadonlySet<string>): void {
  const { email, isConfirmed, phone } = after(others.get(event.stream) ?? NOTHING, event);
  const ifSought = (one: string) => (sought.has(comparedAddress(one)) ? one : '');
  const left = { email: ifSought(email), isConfirmed, phone: ifSought(phone) };
  if (left.email || left.phone) others.set(event.stream, left);
  else others.delete(event.stream);
}

function confirmedOf({ email, isConfirmed, phone }: Reached): string[] {
  return allOf({ email: isConfirmed ? email : '', isConfirmed, phone });
}

function allOf({ email, phone }: Reached): string[] {
  return [email, phone].filter((one) => one !== '' && !ERASED_VALUES.has(one));
}

/** What a user has after one more event; what this release does not know changes nothing. */
function after(before: Reached, recorded: RecordedEvent): Reached {
  if (!isKnown(recorded)) return before;
  const event = upcast(recorded) as RecordedEvent & UserEvent;
  switch (event.type) {
    case 'UserCreated':
      return { ...NOTHING, email: event.data.email };
    case 'UserEdited':
      return edited(before, event.data.email);
    case 'UserConfirmed':
      return { ...before, isConfirmed: true };
    case 'EmailChanged':
      return { ...before, email: event.data.email, isConfirmed: event.data.by === 'mailbox' };
    case 'PhoneConfirmed':
      return { ...before, phone: event.data.phone };
    case 'PhoneRemoved':
      return { ...before, phone: '' };
    case 'UserDeleted':
      return NOTHING;
    default:
      return before;
  }
}

/** An address that is written in another way stays confirmed; in older events it may be another one. */
function edited(before: Reached, email: string | undefined): Reached {
  if (email === undefined) return before;
  return { ...before, email, isConfirmed: before.isConfirmed && normaliseEmail(email) === normaliseEmail(before.email) };
}

function formsOf(address: string): string[] {
  return address.includes('@') ? [address, storedEmail(address), mailboxOf(address), normaliseEmail(address)] : [address];
}

/** An address so that one mailbox is one text, however somebody typed it; a number as it is. */
export function comparedAddress(address: string): string {
  return address.includes('@') ? mailboxOf(address) : address;
}
