/** The rules of a user's phone number: it waits to be confirmed by a code that is sent to it. Two users may share one, as families do. */
import type { Refusal } from '../../contracts/problem.ts';
import type { UserCommand, UserEvent } from '../../contracts/user.ts';
import type { UserState } from './user.ts';

type PhoneCommand = Extract<UserCommand, { type: 'RequestPhone' | 'ConfirmPhone' | 'RemovePhone' }>;
type PhoneEvent = Extract<UserEvent, { type: 'PhoneRequested' | 'PhoneConfirmed' | 'PhoneRemoved' }>;

/** Milliseconds for which a number may wait to be confirmed. Its code is good for minutes only, and can be asked for again. */
const PENDING = 86_400_000;

const NONE: Refusal = { refused: 'conflict', detail: 'This phone number does not wait to be confirmed. Ask for a code first.' };

type Phones = Pick<UserState, 'phone' | 'pendingPhone'>;

/** The decision on a phone number. */
export function decideOfPhone(command: PhoneCommand, state: Phones): PhoneEvent[] | Refusal {
  switch (command.type) {
    case 'RequestPhone':
      return request(command.data.phone, command.now, state);
    case 'ConfirmPhone':
      return confirm(command.data.phone, command.now, state);
    case 'RemovePhone':
      return state.phone || state.pendingPhone ? [{ type: 'PhoneRemoved', data: { confirmed: state.phone !== null } }] : [];
    default:
      return command satisfies never;
  }
}

function request(wanted: string, now: string, { phone, pendingPhone }: Phones): PhoneEvent[] {
  if (wanted === phone && !pendingPhone) return [];
  return [{ type: 'PhoneRequested', data: { phone: wanted, until: new Date(Date.parse(now) + PENDING).toISOString() } }];
}

function confirm(shown: string, now: string, { pendingPhone }: Phones): PhoneEvent[] | Refusal {
  if (pendingPhone?.phone !== shown || now >= pendingPhone.until) return NONE;
  return [{ type: 'PhoneConfirmed', data: { phone: shown } }];
}

/** What an event leaves of a user's phone numbers. */
export function phonesAfter(event: PhoneEvent): Partial<UserState> {
  switch (event.type) {
    case 'PhoneRequested':
      return { pendingPhone: event.data };
    case 'PhoneConfirmed':
      return { phone: event.data.phone, pendingPhone: null };
    case 'PhoneRemoved':
      return { phone: null, pendingPhone: null };
    default:
      // No event comes here: an unknown one is not given to a fold (invariant 17).
      return event satisfies never;
  }
}
