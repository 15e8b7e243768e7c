/** The kind of notification that another backend asks for in its own words. The words of this file stand where it gives none. */
import { kindAbout, never } from './kind.ts';

const aboutMessage = kindAbout<'message', null>('message', null);

export const messageKinds = {
  message: aboutMessage({
    channels: ['email', 'sms', 'in-app'],
    outdated: never,
    subject: () => 'A message',
    text: () => ({ lead: 'there is a message for you.' }),
    link: { action: 'Open the board', path: () => '/' },
    inbox: { title: 'A message', text: '' },
    aloud: true,
  }),
};
