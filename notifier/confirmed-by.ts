import { idOf, type RecordedEvent } from '../contracts/message.ts';
import type { UserEvent } from '../contracts/user.ts';

/** The user whose address an event confirms: what was held back for them is sent. */
export function confirmedBy(recorded: RecordedEvent): string | undefined {
  const event = recorded as RecordedEvent & UserEvent;
  const confirms = event.type === 'UserConfirmed' || (event.type === 'EmailChanged' && event.data.by === 'mailbox');
  return confirms ? idOf(event.stream) : undefined;
}
