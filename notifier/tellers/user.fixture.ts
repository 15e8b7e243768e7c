import type { userKinds } from '../../contracts/notifications/user.ts';
import { accountGone, BOB, NOBODY, row, type Scenes } from './scenes.fixture.ts';

export const userScenes: Scenes<keyof typeof userKinds> = {
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
    user_created: [row(null), row(NOBODY, [accountGone])],
  },
};
