import { describe, expect, it } from 'vitest';
import { notificationContract } from './notification.ts';

const { body } = notificationContract.commands.SendNotification;

describe('a variable of a message', () => {
  it.each([
    ['of which nothing is seen', '\u200b', 'must hold something that can be seen'],
    ['that turns the line and does not close that', 'a\u202eb', expect.stringContaining('must close in the same line')],
    ['that is too long', 'x'.repeat(2_001), 'must have 0 to 2000 characters'],
    ['that is neither a text nor a number', true, 'must be a text of 2000 characters at most, or a number'],
  ])('%s is refused in words that say so', (_what, name, said) => {
    const { error } = body.safeParse({ type: 'email', recipient: 'ann@example.org', content: 'Dear {{name}}', variables: { name } });
    expect(error?.issues.filter(({ path }) => path[0] === 'variables').map(({ message }) => message)).toEqual([said]);
  });
});
