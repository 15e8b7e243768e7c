import type { messageKinds } from '../../contracts/notifications/message.ts';
import { accountGone, row, type Scenes } from './scenes.fixture.ts';

/** The words of another backend, to an address that it named. */
export const messageScenes: Scenes<keyof typeof messageKinds> = {
  begin: () => [],
  request: () => ({ toUser: false, about: { stream: 'notification-1', revision: 0 }, content: { text: 'The lift is mended.' } }),
  rows: { message: [row(null), row(null, [accountGone])] },
};
