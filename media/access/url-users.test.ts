import { expect, it } from 'vitest';
import { ProblemError } from '../../contracts/problem.ts';
import { CONFINED, type Confined } from '../../platform/http/route.ts';
import { openUrlUsers } from './url-users.ts';

const usersWhere = (callerOf: () => Promise<{ confined?: Confined }>) =>
  openUrlUsers({
    commands: { load: () => expect.fail('nobody asks for a user') },
    callerOf: async () => ({ id: 'ann', role: 'member' as const, seesAll: true, sessionId: 's', ...(await callerOf()) }),
    seesAll: () => true,
  });

it('an address of a session is of use to whom HTTP lets read, and to nobody who has to do something first', async () => {
  const answered = async (confined?: Confined) => (await usersWhere(async () => (confined ? { confined } : {})).ofSession('ann', 's')) !== null;
  expect(await answered()).toBe(true);
  expect(await Promise.all(CONFINED.map(answered))).toEqual(CONFINED.map((one) => one === 'read'));
});

it('an address of a session that has ended is nobody’s, and one that nobody can look up is an error', async () => {
  const ended = usersWhere(() => Promise.reject(new ProblemError('unauthorized', 'The session has ended.')));
  expect(await ended.ofSession('ann', 's')).toBeNull();
  const away = usersWhere(() => Promise.reject(new Error('the secrets are away')));
  await expect(away.ofSession('ann', 's')).rejects.toThrow('away');
});
