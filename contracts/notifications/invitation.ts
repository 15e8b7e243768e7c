/** The notification of an invitation. It goes to an address without an account, so nothing that a person typed is in it. */
import { kindAbout, never } from './kind.ts';

/** The facts that can be told of an invitation. */
export interface ToldOfInvitation {
  /** The code that accepts it: a secret. */
  code: string;
  /** The name of the site (SITE_NAME). */
  site: string;
}

const aboutInvitation = kindAbout<'invitation', ToldOfInvitation>('invitation', { code: 'c0de', site: 'The House' });

const invited = (site: string) =>
  `somebody who runs ${site} invites you to an account there. The link lets you choose your name and password; it is good for seven days, and once. If you do not want it, do nothing.`;

export const invitationKinds = {
  invitation: aboutInvitation({
    channels: ['email'],
    holdsCode: true,
    outdated: never,
    subject: ({ site }) => `You are invited to ${site}`,
    text: ({ site }) => ({ lead: invited(site) }),
    toStrangers: invited,
    link: { action: 'Make the account', path: ({ code }) => `/#invitation=${code}` },
    inbox: { title: 'An invitation', text: 'You were sent a link.' },
    aloud: false,
  }),
};
