/** The suite of what is told of a site: who has a role there is told, each once, and the admins where nobody has. The same for every kind of system. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Post } from '../contracts/post.ts';
import type { User } from './client.fixture.ts';
import { inboxOf } from './inbox.suite.ts';
import type { System } from './system.fixture.ts';

const PATIENCE = { timeout: 60_000, interval: 50 };
const COURT = { name: 'Linden Court', address: 'Lindenstraße 12, Berlin', timeZone: 'Europe/Berlin' };

/** A site, with people who have a post there, or elsewhere. */
export interface Manned {
  site: string;
  /** Adds a user with these posts. */
  join(name: string, posts: (sites: { here: string; elsewhere: string }) => Post[]): Promise<User>;
}

/** Adds two sites, and waits for whoever joins until what they may do has come through. */
export async function manned(system: System): Promise<Manned> {
  const { admin } = system;
  const add = async (name: string) => (await admin.ok('POST /api/sites', { ...COURT, name })).body.id as string;
  const [here, elsewhere] = [await add('Linden Court'), await add('Elm Court')];
  return {
    site: here,
    join: async (name, posts) => {
      const user = await system.register(name);
      const wanted = posts({ here, elsewhere });
      if (wanted.length === 0) return user;
      await admin.ok(`PUT /api/users/${user.id}/posts`, { posts: wanted });
      await vi.waitFor(async () => expect((await user.ok(`GET /api/users/${user.id}/posts`)).body.posts).toHaveLength(wanted.length), PATIENCE);
      return user;
    },
  };
}

/** The kinds of what somebody’s inbox has with such a title. */
export const kindsOf = async (user: User, title: string) =>
  (await inboxOf(user, '?limit=100')).items.flatMap((item) => (item.title === title ? [item.kind] : [])).toSorted();

/** Waits until an inbox has these kinds with such a title. */
export const toldOf = (user: User, title: string, kinds: readonly string[]) =>
  vi.waitFor(async () => expect(await kindsOf(user, title)).toEqual(kinds.toSorted()), PATIENCE);

/** Describes who is told of the assets of a site. */
export function describeSiteNotices(open: () => System): void {
  describe('of an asset', () => {
    let court: Manned;
    let doer: User;
    let colleague: User;
    let everywhere: User;
    let others: User[];

    const register = async (name: string) => {
      const { body } = await open().admin.ok('POST /api/assets', { site: court.site, kind: 'Lift', name });
      return body.id as string;
    };
    const begin = (by: User, id: string) => by.ok(`POST /api/assets/${id}/downtime`, { reason: 'The doors do not close.' });

    beforeAll(async () => {
      court = await manned(open());
      await open().admin.ok(`PUT /api/sites/${court.site}/asset-kinds`, { kinds: [{ kind: 'Lift', fields: [] }] });
      doer = await court.join('Doer', ({ here }) => [{ role: 'staff', sites: [here] }]);
      colleague = await court.join('Colleague', ({ here }) => [
        { role: 'staff', sites: [here] },
        { role: 'maintenance', sites: [here] },
      ]);
      everywhere = await court.join('Everywhere', () => [{ role: 'staff', sites: [] }]);
      others = [
        await court.join('Elsewhere', ({ elsewhere }) => [{ role: 'staff', sites: [elsewhere] }]),
        await court.join('Guard', ({ here }) => [{ role: 'security', sites: [here] }]),
        await court.join('Nobody', () => []),
      ];
    }, 240_000);

    it('the staff of its site is told that it is out of service, moved and retired: each once, but who said so', async () => {
      const id = await register('Lift of house A');
      const { body } = await open().admin.ok(`POST /api/sites/${court.site}/places`, { kind: 'building', name: 'House A' });
      await begin(doer, id);
      await doer.ok(`PUT /api/assets/${id}/place`, { place: body.place });
      await doer.ok(`POST /api/assets/${id}/retire`);
      const all = ['asset_moved', 'asset_out_of_service', 'asset_retired'];
      for (const one of [colleague, everywhere]) await toldOf(one, 'Lift of house A', all);
      for (const one of [doer, ...others, open().admin]) expect(await kindsOf(one, 'Lift of house A')).toEqual([]);
    }, 120_000);

    it('who chose not to be told is not', async () => {
      await colleague.ok('PUT /api/me/notifications', { asset_out_of_service: [], asset_moved: ['in-app'] });
      const id = await register('Lift of house B');
      await begin(doer, id);
      await doer.ok(`POST /api/assets/${id}/retire`);
      await toldOf(everywhere, 'Lift of house B', ['asset_out_of_service', 'asset_retired']);
      await toldOf(colleague, 'Lift of house B', ['asset_retired']);
    }, 120_000);

    it('the admins are told where nobody is there', async () => {
      for (const one of [doer, colleague, everywhere]) await open().admin.ok(`PUT /api/users/${one.id}/posts`, { posts: [] });
      const guard = await court.join('Mechanic', ({ here }) => [{ role: 'maintenance', sites: [here] }]);
      const id = await register('Lift of house C');
      await begin(guard, id);
      await toldOf(open().admin, 'Lift of house C', ['asset_out_of_service']);
      for (const one of [doer, colleague, everywhere]) expect(await kindsOf(one, 'Lift of house C')).toEqual([]);
    }, 120_000);
  });
}
