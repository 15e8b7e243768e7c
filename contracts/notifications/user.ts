/** The kinds of notification about users themselves: their registration, which wants a one-time code, and their account. */
import { CHANNELS, kindAbout, never } from './kind.ts';

/** The facts that can be told of a registration. */
export interface ToldOfRegistration {
  /** The one-time code that confirms the address: a secret. */
  code: string;
}

const aboutRegistration = kindAbout<'registration', ToldOfRegistration>('registration', { code: 'c0de' });
/** The facts that can be told of a forgotten password. */
export interface ToldOfReset {
  /** The one-time code that sets another one: a secret. */
  code: string;
}
const aboutReset = kindAbout<'reset', ToldOfReset>('reset', { code: 'c0de' });
/** The facts that can be told of a change of address to the address that is wanted. */
export interface ToldOfNewAddress {
  /** The one-time code that confirms the address: a secret. */
  code: string;
  /** The name of the site (SITE_NAME). */
  site: string;
}
const aboutNewAddress = kindAbout<'new_address', ToldOfNewAddress>('new_address', { code: 'c0de', site: 'The House' });
/** The facts that can be told of a change of address to the address of before. */
export interface ToldOfAddress {
  site: string;
  /** True while the change waits to be confirmed. */
  isPending: boolean;
}
const aboutAddress = kindAbout<'address', ToldOfAddress>('address', { site: 'The House', isPending: true });
/** The facts that can be told of a phone number that is wanted. */
export interface ToldOfPhone {
  /** The one-time code that confirms the number: a secret. */
  code: string;
  site: string;
}
const aboutPhone = kindAbout<'phone', ToldOfPhone>('phone', { code: '123456', site: 'The House' });
/** Nothing is looked up of a user: they know who they are. */
const aboutUser = kindAbout<'user', null>('user', null);

export const userKinds = {
  confirm_registration: aboutRegistration({
    channels: ['email'],
    holdsCode: true,
    outdated: never,
    subject: () => 'Confirm your registration',
    text: () => ({
      lead: 'please confirm your e-mail address by the link; if you log in with a password, you set it there. The link is good for 48 hours. If you did not register, do nothing.',
    }),
    toStrangers: (site) =>
      `this address was registered at ${site}. The link confirms that it is yours; if you log in with a password, you set it there. It is good for 48 hours. If you did not register, do nothing.`,
    link: { action: 'Confirm', path: ({ code }) => `/#confirm=${code}` },
    inbox: { title: 'Your registration', text: 'Please confirm your e-mail address; you were sent a link.' },
    aloud: false,
  }),
  password_reset: aboutReset({
    channels: ['email'],
    holdsCode: true,
    outdated: never,
    subject: () => 'Set another password',
    text: () => ({
      lead: 'somebody asked to set another password for your account. The link does that; it is good for 10 minutes, and once. If it was not you, do nothing: your password stays.',
    }),
    toStrangers: (site) =>
      `somebody asked to set another password for the account of this address at ${site}. The link does that; it is good for 10 minutes, and once. If it was not you, do nothing: the password stays.`,
    link: { action: 'Set another password', path: ({ code }) => `/#reset=${code}` },
    inbox: { title: 'Your password', text: 'You were sent a link to set another one.' },
    aloud: false,
  }),
  password_changed: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'Your password was changed',
    text: () => ({
      lead: 'the password of your account was changed, and the other sessions ended. If it was not you, set another one at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `the password of the account of this address at ${site} was changed, and the other sessions ended. If it was not you, set another one at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your password', text: 'It was changed.' },
    aloud: false,
  }),
  sign_in_joined: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'Another way to log in to your account',
    text: () => ({
      lead: 'from now on you can log in to your account by signing in where you just did. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `there is another way to log in to the account at ${site} that has this address. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Open the board', path: () => '/' },
    inbox: { title: 'Your account', text: 'There is another way to log in to it.' },
    aloud: false,
  }),
  sign_in_parted: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'A way to log in to your account is gone',
    text: () => ({
      lead: 'a sign-in that let you into your account was taken away from it, and the other sessions ended. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `a sign-in that let into the account of this address at ${site} was taken away from it, and the other sessions ended. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your account', text: 'There is one way less to log in to it.' },
    aloud: false,
  }),
  confirm_email_change: aboutNewAddress({
    channels: ['email'],
    holdsCode: true,
    outdated: never,
    subject: ({ site }) => `Confirm your new address at ${site}`,
    text: ({ site }) => ({
      lead: `somebody who is logged in at ${site} wants this address for their account. The link confirms that; it is good for 10 minutes, once, and only where one is logged in to that account. If it was not you, do nothing.`,
    }),
    toStrangers: (site) =>
      `somebody who is logged in at ${site} wants this address for their account. The link confirms that; it is good for 10 minutes, once, and only where one is logged in to that account. If it was not you, do nothing.`,
    link: { action: 'Confirm the address', path: ({ code }) => `/#address=${code}` },
    inbox: { title: 'Your e-mail address', text: 'You were sent a link to confirm another one.' },
    aloud: false,
  }),
  email_change_requested: aboutAddress({
    channels: ['email'],
    outdated: ({ isPending }) => (isPending ? undefined : 'the change of address does not wait to be confirmed any more'),
    subject: () => 'Your e-mail address is about to change',
    text: ({ site }) => ({
      lead: `somebody asked for another e-mail address for your account at ${site}. It changes once that address is confirmed. If it was not you, set another password by the link at once: that takes the change back, and ends all sessions.`,
    }),
    toStrangers: (site) =>
      `somebody asked for another e-mail address for the account at ${site} that has this one. It changes once that address is confirmed. If it was not you, set another password by the link at once: that takes the change back, and ends all sessions.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your e-mail address', text: 'Another one is to be confirmed.' },
    aloud: false,
  }),
  email_changed: aboutAddress({
    channels: ['email'],
    outdated: never,
    subject: () => 'Your e-mail address was changed',
    text: ({ site }) => ({
      lead: `your account at ${site} has another e-mail address now, and no mail of it goes to this one any more. If it was not you, tell whoever runs the site at once.`,
    }),
    toStrangers: (site) =>
      `the account at ${site} that had this e-mail address has another one now, and no mail of it goes to this one any more. If it was not you, tell whoever runs the site at once.`,
    inbox: { title: 'Your e-mail address', text: 'It was changed.' },
    aloud: false,
  }),
  confirm_phone: aboutPhone({
    channels: ['sms'],
    holdsCode: true,
    outdated: never,
    subject: ({ code, site }) => `${code} is your code for ${site}. It is good for 10 minutes. If you did not ask for it, do nothing.`,
    text: ({ code }) => ({ lead: `your code is ${code}.` }),
    inbox: { title: 'Your phone number', text: 'You were sent a code to confirm it.' },
    aloud: false,
  }),
  phone_changed: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'A phone number was confirmed for your account',
    text: () => ({
      lead: 'a phone number was confirmed for your account, and SMS go to it from now on. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `a phone number was confirmed for the account at ${site} that has this address. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your phone number', text: 'It was confirmed.' },
    aloud: false,
  }),
  phone_removed: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'Your account has no phone number any more',
    text: () => ({
      lead: 'the phone number of your account was taken away, and no SMS go to it any more. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `the phone number was taken away from the account at ${site} that has this address. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your phone number', text: 'It was taken away.' },
    aloud: false,
  }),
  second_factor_enabled: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'Your account has a second factor',
    text: () => ({
      lead: 'a second factor was turned on for your account: logging in asks for a code of an app beside the password, and the other sessions ended. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `a second factor was turned on for the account at ${site} that has this address. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your second factor', text: 'It was turned on.' },
    aloud: false,
  }),
  second_factor_disabled: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'Your account has no second factor any more',
    text: () => ({
      lead: 'the second factor of your account was taken away: the password alone logs in. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `the second factor was taken away from the account at ${site} that has this address. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your second factor', text: 'It was taken away.' },
    aloud: false,
  }),
  recovery_codes_made: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'You have new recovery codes',
    text: () => ({
      lead: 'new recovery codes were made for your account; those before are not good any more. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `new recovery codes were made for the account at ${site} that has this address. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your second factor', text: 'New recovery codes were made.' },
    aloud: false,
  }),
  recovery_code_used: aboutUser({
    channels: ['email'],
    outdated: never,
    subject: () => 'A recovery code was used',
    text: () => ({
      lead: 'one of the recovery codes of your account was used in place of a code of your app. It is not good any more. If it was not you, set another password at once, and tell whoever runs this site.',
    }),
    toStrangers: (site) =>
      `a recovery code was used for the account at ${site} that has this address. If it was not you, set another password at once, and tell whoever runs the site.`,
    link: { action: 'Set another password', path: () => '/#forgotten' },
    inbox: { title: 'Your second factor', text: 'A recovery code was used.' },
    aloud: false,
  }),
  user_created: aboutUser({
    channels: CHANNELS,
    choice: 'The welcome',
    outdated: never,
    subject: () => 'Welcome',
    text: () => ({ lead: 'your account is there.' }),
    link: { action: 'Open the board', path: () => '/' },
    inbox: { title: 'Welcome', text: 'Your account is there. What concerns you will be told here.' },
    aloud: false,
  }),
};
