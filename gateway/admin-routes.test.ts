import { expect, it } from 'vitest';
import type { RouteRequest } from '../platform/http/route.ts';
import { type AdminParts, adminRoutes } from './admin-routes.ts';

const PARKED = {
  follower: 'task_mail',
  stream: 'task-1',
  position: '0000000000000007',
  eventId: 'e',
  revision: 3,
  type: 'TaskAssigned',
  error: 'no such shape',
  time: '2026-11-21T09:00:00.000Z',
};

/** Answers a release with these parts. */
async function release(parts: Partial<AdminParts>) {
  const route = adminRoutes.find(({ row }) => row.path.endsWith('/release'));
  const request = { params: { follower: 'task_mail', stream: 'task-1' } } as unknown as RouteRequest;
  return route?.answer({ parked: async () => [], ...parts } as AdminParts, request);
}

it('a release that takes long goes on, and is said to', async () => {
  expect(await release({ release: async () => 'running' as const })).toMatchObject({ status: 202, body: { released: false } });
});

it('a parked stream that is worked off is released', async () => {
  expect(await release({ release: async () => 'done' as const })).toMatchObject({ body: { released: true } });
});

it('one that is not there is not found', async () => {
  await expect(release({ release: async () => 'none' as const })).rejects.toMatchObject({ code: 'not_found' });
});

it('one that fails again is told so, with its reason: a policy’s rejects, a projection’s is parked again by its rebuild', async () => {
  const again = { code: 'conflict', status: 409, message: expect.stringContaining('no such shape') };
  const parked = async () => [PARKED];
  await expect(release({ parked, release: () => Promise.reject(new Error('no such shape')) })).rejects.toMatchObject(again);
  await expect(release({ parked, release: async () => 'done' as const })).rejects.toMatchObject(again);
});

it('a fault of ours is not taken for the stream’s', async () => {
  const fault = new Error('the store is gone');
  await expect(release({ release: () => Promise.reject(fault) })).rejects.toBe(fault);
});
