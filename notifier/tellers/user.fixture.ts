import type { userKinds } from '../../contracts/notifications/user.ts';
import { accountGone, BOB, type Happening, NOBODY, row, type Scenes } from './scenes.fixture.ts';

const USER = `user-${BOB}`;
const AFTER_A_DAY = '2026-11-22T09:00:00.000Z';
const wanted = (email: string): Happening => [USER, 'EmailChangeRequested', { email, until: AFTER_A_DAY }];
const takenBack: Happening = [USER, 'EmailChangeWithdrawn', {}];
const changed: Happening = [USER, 'EmailChanged', { email: 'ann@example.org', previous: 'bob@example.org', by: 'mailbox' }];
const reset: Happening = [USER, 'PasswordChanged', { by: 'mailbox' }];
const OVER = 'the change of address does not wait to be confirmed any more';

export const userScenes: Scenes<Exclude<keyof typeof userKinds, 'confirm_email_change' | 'email_changed' | 'confirm_phone'>> = {
  begin: () => [],
  request: (to) => ({ toUser: true, about: { stream: `user-${to}`, revision: 0 } }),
  rows: {
    confirm_registration: [
      row(null),
      row(null, [[`user-${BOB}`, 'UserEdited', { email: 'robert@example.org' }]]),
      row(NOBODY, [accountGone]),
      row('the address is confirmed already', [[`user-${BOB}`, 'UserConfirmed', {}]]),
    ],
    password_reset: [row(null), row(NOBODY, [accountGone])],
    password_changed: [row(null), row(NOBODY, [accountGone])],
    sign_in_joined: [row(null), row(NOBODY, [accountGone])],
    sign_in_parted: [row(null), row(NOBODY, [accountGone])],
    phone_changed: [row(null), row(NOBODY, [accountGone])],
    phone_removed: [row(null), row(NOBODY, [accountGone])],
    second_factor_enabled: [row(null), row(NOBODY, [accountGone])],
    second_factor_disabled: [row(null), row(NOBODY, [accountGone])],
    recovery_codes_made: [row(null), row(NOBODY, [accountGone])],
    recovery_code_used: [row(null), row(NOBODY, [accountGone])],
    user_created: [row(null), row(NOBODY, [accountGone])],
    email_change_requested: [
      row(null, [], { before: [wanted('robert@example.org')] }),
      row(OVER, [takenBack], { before: [wanted('robert@example.org')] }),
      row(OVER, [changed], { before: [wanted('ann@example.org')] }),
      row(OVER, [reset], { before: [wanted('robert@example.org')] }),
      row(NOBODY, [accountGone], { before: [wanted('robert@example.org')] }),
    ],
  },
};

/** What goes to an address that is not, or no more, the user's. */
export const addressScenes: Scenes<'confirm_email_change' | 'email_changed'> = {
  begin: () => [wanted('ann@example.org')],
  request: (to) => ({ toUser: false, about: { stream: `user-${to}`, revision: 1 } }),
  rows: {
    confirm_email_change: [
      row(null),
      row(null, [wanted('ANN@example.org')]),
      row(OVER, [wanted('another@example.org')]),
      row(OVER, [takenBack]),
      row(OVER, [changed]),
      row(OVER, [reset]),
      row(OVER, [accountGone]),
      row(OVER, [], { now: AFTER_A_DAY }),
    ],
    email_changed: [row(null, [changed]), row(null, [changed, accountGone])],
  },
};

const NUMBER = '+4915112345678';
const phoneWanted = (phone: string, until = AFTER_A_DAY): Happening => [USER, 'PhoneRequested', { phone, until }];
const PHONE_OVER = 'the phone number does not wait to be confirmed any more';

/** What goes to a phone number that is to be confirmed. */
export const phoneScenes: Scenes<'confirm_phone'> = {
  begin: () => [phoneWanted(NUMBER)],
  request: (to) => ({ toUser: false, about: { stream: `user-${to}`, revision: 1 } }),
  rows: {
    confirm_phone: [
      row(null),
      row(null, [phoneWanted(NUMBER)]),
      row(PHONE_OVER, [phoneWanted('+4915112345679')]),
      row(PHONE_OVER, [[USER, 'PhoneConfirmed', { phone: NUMBER }]]),
      row(PHONE_OVER, [[USER, 'PhoneRemoved', { confirmed: false }]]),
      row(PHONE_OVER, [reset]),
      row(PHONE_OVER, [accountGone]),
      row(PHONE_OVER, [], { now: AFTER_A_DAY }),
    ],
  },
};
