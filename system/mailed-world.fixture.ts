/** The fixture of what people do on the page with real mails: a started taskledger that sends to a mail server. */
import { vi } from 'vitest';
import { startWorld, type World } from '../realtime/client/board.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';

/** A started taskledger, and the mail server that it sends to. */
export interface MailedWorld extends World {
  mail: MailServer;
  /** Resolves to the text of the newest mail to an address in which there is this, once there is one. */
  mailWith(to: string, has: string | RegExp): Promise<string>;
  /** The texts of all mails to an address by now, oldest first. */
  mailsTo(to: string): string[];
}

/** Starts taskledger with a mail server. Whom `register` registers is confirmed. `more`: further environment variables. */
export async function startMailedWorld(more: Record<string, string> = {}): Promise<MailedWorld> {
  const mail = await startMailServer();
  const world = await startWorld({ MAIL_URL: mail.url, ...more });
  const mailsTo = (to: string) => mail.taken.filter((one) => one.to === to).map(({ raw }) => decoded(raw));
  return {
    ...world,
    mail,
    mailsTo,
    mailWith: (to, has) =>
      vi.waitFor(() => {
        const found = mailsTo(to).findLast((text) => (typeof has === 'string' ? text.includes(has) : has.test(text)));
        if (found === undefined) throw new Error(`no mail to ${to} has ${has}`);
        return found;
      }),
    async register(name, email) {
      await world.register(name, email);
      await world.confirm(email);
    },
    async close() {
      await world.close();
      await mail.stop();
    },
  };
}

/** A mail without the line breaks and escapes of quoted-printable, and without the folding of its head. */
function decoded(raw: string): string {
  const bytes = raw
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .replaceAll('=\r\n', '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
