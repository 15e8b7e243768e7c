/** Makes the SMS of a notification. */
import { ERASED_PHONE } from '../contracts/personal.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import { readerOf } from './addressee.ts';
import { type ComposeContext, kindsWords } from './compose.ts';
import { shortened, units } from './one-line.ts';
import { brief } from './render.ts';
import type { Text } from './texter/texter.ts';
import { NobodyThere } from './withdrawn.ts';

/** The most UTF-16 units of an SMS: ten parts. Providers refuse more. */
const LONGEST = 1_530;

/** The phone number and the text of a notification's SMS. Errors: Withdrawn; the store's own. */
export async function composeText(state: NotificationState, context: ComposeContext): Promise<Pick<Text, 'to' | 'text'>> {
  const reader = await readerOf(state, context);
  const phone = state.recipient.phone ?? reader?.user.phone;
  if (phone === ERASED_PHONE) throw new NobodyThere('the recipient was erased');
  if (!phone) throw new NobodyThere('the recipient has no phone number');
  const text = state.content?.text ?? brief(await kindsWords(state, reader, context));
  return { to: phone, text: shortened(text, LONGEST, units) };
}
