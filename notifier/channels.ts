/** The channels that workers deliver on: the queue of each, and how its messages are made and handed over. (The inbox needs no queue.) */
import { idOf } from '../contracts/message.ts';
import type { Channel } from '../contracts/notifications/kind.ts';
import { type AboutCategory, kinds } from '../contracts/notifications/kinds.ts';
import { type WorkQueue, workQueue } from '../platform/event-bus/queues.ts';
import type { NotificationState } from '../write-side/deciders/notification.ts';
import { addresseeOf, readerOf, type StrangerMails } from './addressee.ts';
import { type ComposeContext, compose, isCounted } from './compose.ts';
import { composeText } from './compose-text.ts';
import type { Mail, Mailer } from './mailer/mailer.ts';
import { FateUnknown, type Taken } from './sending.ts';
import type { Texter } from './texter/texter.ts';

export const DELIVERED = ['email', 'sms'] as const;
export type DeliveredChannel = (typeof DELIVERED)[number];

/** The queue of offers of each channel. */
export const QUEUE_OF: Readonly<Record<DeliveredChannel, WorkQueue>> = {
  email: workQueue('email_notifications', { purpose: 'offers of mails' }),
  sms: workQueue('sms_notifications', { purpose: 'offers of SMS' }),
};

/** A message that is ready to go. */
export interface Ready {
  /** The address or number: it must be taken out of any error that is recorded. */
  to: string;
  /** Hands the message over. Errors: those of sending.ts; any other error means that it was not taken, and may be tried again. */
  send(signal: AbortSignal): Promise<Taken>;
  /** Takes back what making the message counted, where it is not handed over in this attempt: `send` is then not called. */
  dropped?(): Promise<void>;
}

export interface DeliveryChannel<Name extends Channel = Channel> {
  name: Name;
  /** Makes the message of a notification for its next attempt, before it is leased. Errors: those of withdrawn.ts; the store's own. */
  make(stream: string, state: NotificationState): Promise<Ready>;
  /** False while nothing can be sent as the providers are set: what is offered is left, and offered again later. */
  isUsable(): boolean;
}

export function mailChannel(mailer: Mailer, context: ComposeContext): DeliveryChannel<'email'> {
  return {
    name: 'email',
    isUsable: () => mailer.isUsable?.() ?? true,
    make: async (stream, state) => {
      const addressee = await addresseeOf(state, context);
      if (!isCounted(state, addressee) || !context.strangerMails) return mailReady(mailer, await compose(idOf(stream), state, context, addressee));
      const counted = await countedMail(addressee.to.address, kinds[state.kind].about, context.strangerMails);
      const mail = await counted.during(() => compose(idOf(stream), state, context, addressee));
      const { to, send } = mailReady(mailer, mail);
      return { to, send: (signal) => counted.during(() => send(signal)), dropped: counted.giveBack };
    },
  };
}

function mailReady(mailer: Mailer, mail: Mail): Ready {
  return { to: mail.to.address, send: (signal) => mailer.send(mail, signal) };
}

/** Counts a mail to a stranger's address, until a step of its way fails so that it surely was not sent. Error: NotYet. */
async function countedMail(address: string, about: AboutCategory, strangerMails: StrangerMails) {
  const giveBack = () => strangerMails.giveBack(address, about);
  await strangerMails.take(address, about);
  return {
    giveBack,
    during: async <T>(step: () => Promise<T>): Promise<T> => {
      try {
        return await step();
      } catch (error) {
        if (!(error instanceof FateUnknown)) await giveBack();
        throw error;
      }
    },
  };
}

/** Delivers SMS. `reportTo`: the address for the provider's reports of an attempt; null: none. */
export function smsChannel(
  texter: Texter,
  context: ComposeContext,
  reportTo: (id: string, attempt: number) => string | null,
): DeliveryChannel<'sms'> {
  return {
    name: 'sms',
    isUsable: () => texter.isUsable?.() ?? true,
    make: async (stream, state) => {
      const id = idOf(stream);
      const text = { ...(await composeText(state, context)), id, statusCallback: reportTo(id, state.attempts + 1) };
      return { to: text.to, send: (signal) => texter.send(text, signal) };
    },
  };
}

/** The inbox: a notification is in it once it is recorded as sent, so nothing is handed over. */
export function inboxChannel(context: Pick<ComposeContext, 'commands'>): DeliveryChannel<'in-app'> {
  return {
    name: 'in-app',
    isUsable: () => true,
    make: async (_, state) => {
      await readerOf(state, context);
      return { to: '', send: async () => ({}) };
    },
  };
}
