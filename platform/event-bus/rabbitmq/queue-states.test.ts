import { expect, it } from 'vitest';
import { BusUnavailable } from '../event-bus.ts';
import { knowingQueues } from './queue-states.ts';
import type { BusSession } from './session.ts';

it('a broker that stands still is asked once, however many want to know, and nobody waits for it for long', { timeout: 60_000 }, async () => {
  let asked = 0;
  const silent = {
    aside: () => {
      asked++;
      return new Promise(() => {});
    },
  } as unknown as BusSession;
  const queues = knowingQueues([{ name: 'task_list', kind: 'follower', categories: ['task'] }] as never);
  const answers = await Promise.allSettled([queues.states(silent), queues.states(silent)]);
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(BusUnavailable) });
    expect((answer as PromiseRejectedResult).reason.message).toContain('does not tell the states of its queues within 3 s');
  }
  expect(asked).toBe(1);
});
