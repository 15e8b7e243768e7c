import { idOf, type RecordedEvent } from '../contracts/message.ts';

/** The user whose address an event confirms: what was held back for them is sent. */
export function confirmedBy({ type, stream }: RecordedEvent): string | undefined {
  return type === 'UserConfirmed' ? idOf(stream) : undefined;
}
