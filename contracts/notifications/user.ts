/** The kinds of notification about users themselves: their registration, which wants a one-time code, and their account. */
import { kindAbout, never } from './kind.ts';

/** The facts that can be told of a registration. */
export interface ToldOfRegistration {
  /** The one-time code that confirms the address: a secret. */
  code: string;
}

const aboutRegistration = kindAbout<'registration', ToldOfRegistration>('registration', { code: 'c0de' });
/** Nothing is looked up of a user: they know who they are. */
const aboutUser = kindAbout<'user', null>('user', null);

export const userKinds = {
  confirm_registration: aboutRegistration({
    channels: ['email'],
    outdated: never,
    subject: () => 'Confirm your registration',
    text: () => ({
      lead: 'please confirm your e-mail address. If you registered without a password, the link lets you set one. It is good for 48 hours. If you did not register, do nothing.',
    }),
    link: { action: 'Confirm', path: ({ code }) => `/#confirm=${code}` },
    inbox: { title: 'Your registration', text: 'Please confirm your e-mail address; you were sent a link.' },
    aloud: false,
  }),
  user_created: aboutUser({
    channels: ['in-app'],
    outdated: never,
    subject: () => 'Welcome',
    text: () => ({ lead: 'your account is there.' }),
    link: { action: 'Open the board', path: () => '/' },
    inbox: { title: 'Welcome', text: 'Your account is there. What concerns you will be told here.' },
    aloud: false,
  }),
};
