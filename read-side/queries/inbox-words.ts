/** What the inbox says of each kind of notification. */
import type { Kind } from '../../contracts/notification.ts';

interface Words {
  /** Where it is about no task, or one that is not to be seen any more. */
  title: string;
  text: string;
  /** Where the task is one's own to do now. */
  own?: string;
}

export const INBOX_WORDS: Record<Kind, Words> = {
  task_created: { title: 'A task', text: 'This task was made for you.' },
  task_assigned: { title: 'A task', text: 'Whose task it is has changed.', own: 'This task was assigned to you.' },
  comment_added: { title: 'A task', text: 'There is a new comment.' },
  status_changed: { title: 'A task', text: 'It has another status.' },
  due_soon: { title: 'A task', text: 'It is due soon.' },
  overdue: { title: 'A task', text: 'Its deadline has passed.' },
  user_created: { title: 'Welcome', text: 'Your account is there. What concerns you will be told here.' },
  confirm_registration: { title: 'Your registration', text: 'Please confirm your e-mail address; you were sent a link.' },
  order_confirmed: { title: 'Your order', text: 'It is confirmed.' },
  order_rejected: { title: 'Your order', text: 'It cannot be accepted.' },
  message: { title: 'A message', text: '' },
};
