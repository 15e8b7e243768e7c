/** Sites from outside: the tree, who lives there, who works where, and who sees what of it, over HTTP and sockets. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { SITE_ROLES } from '../contracts/post.ts';
import type { User } from './client.fixture.ts';
import { COURT, type Court, openCourt, type Workers } from './court.fixture.ts';
import { follow } from './live.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

let system: Installation;
let ann: User;
let court: Court;
let elsewhere: string;
let workers: Workers;

beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
  ann = await system.register('Ann');
  ({ court, elsewhere, workers } = await openCourt(system, ann));
}, 240_000);
afterAll(() => system?.remove());

/** The status of an answer as soon as it is this one. */
const answers = (user: User, what: string, status: number) =>
  vi.waitFor(async () => expect((await user.call(what)).status, what).toBe(status), 20_000);
const namesOf = async (user: User, site: string) =>
  (await user.ok(`GET /api/sites/${site}/places`)).body.items.map(({ name }: { name: string }) => name);
const idsOf = async (user: User) => (await user.ok('GET /api/sites')).body.items.map(({ id }: { id: string }) => id);

describe('a site', () => {
  it('is shown with its hours and zone to those who work there, with the roles that they have', async () => {
    await answers(workers.security, `GET /api/sites/${court.id}`, 200);
    const { body } = await workers.security.ok(`GET /api/sites/${court.id}`);
    expect(body).toMatchObject({ ...COURT, hours: [], holidays: [], roles: ['security'] });
    expect(await idsOf(workers.security)).toEqual([court.id]);
    expect(await idsOf(system.admin)).toEqual(expect.arrayContaining([court.id, elsewhere]));
  });

  it.each(SITE_ROLES)('as %s of it: its tree, residents and staff are seen, and staff alone change them; of another site nothing', async (role) => {
    const user = workers[role];
    const seen = ['', '/places', '/residents', '/staff'];
    for (const what of seen) await answers(user, `GET /api/sites/${court.id}${what}`, 200);
    for (const what of seen) expect((await user.call(`GET /api/sites/${elsewhere}${what}`)).status, what).toBe(404);
    expect((await user.call(`PATCH /api/sites/${court.id}`, { address: role })).status).toBe(role === 'staff' ? 200 : 403);
    expect((await user.call(`PATCH /api/sites/${elsewhere}`, { address: role })).status).toBe(404);
    expect((await user.call(`POST /api/sites/${elsewhere}/places`, { kind: 'unit', name: 'Mine' })).status).toBe(404);
    expect((await user.call(`DELETE /api/sites/${court.id}`)).status).toBe(403);
  });

  it('says who works there', async () => {
    await vi.waitFor(async () => {
      const { items } = (await system.admin.ok(`GET /api/sites/${court.id}/staff`)).body;
      expect(items).toHaveLength(SITE_ROLES.length);
      expect(items).toContainEqual({ userId: workers.maintenance.id, roles: ['maintenance'] });
    }, 20_000);
    expect((await system.admin.ok(`GET /api/users/${workers.staff.id}/posts`)).body.posts).toEqual([{ role: 'staff', sites: [court.id] }]);
  });

  it.each([
    ['a zone that is none', 'POST /api/sites', { ...COURT, timeZone: 'Mars/Olympus' }, [422, '/timeZone']],
    ['a parent of another site', 'POST /api/sites/:elsewhere/places', { kind: 'unit', name: 'U', parent: ':flat' }, [422, '/parent']],
    ['a circle', 'PATCH /api/sites/:court/places/:kitchen', { parent: ':kitchen' }, [422, '/parent']],
    ['a unit of another site', 'POST /api/sites/:elsewhere/residents', { unit: ':flat', userId: ':ann' }, [422, '/unit']],
    ['a resident who is no user', 'POST /api/sites/:court/residents', { unit: ':flat', userId: ':flat' }, [422, '/userId']],
    ['a place that is not empty', 'DELETE /api/sites/:court/places/:house', undefined, [409, undefined]],
    ['a site that has places', 'DELETE /api/sites/:court', undefined, [409, undefined]],
    ['a place whose id is none', 'DELETE /api/sites/:court/places/kitchen', undefined, [400, ':id']],
    ['a post at no site', 'PUT /api/users/:ann/posts', { posts: [{ role: 'staff', sites: [':flat'] }] }, [422, '/posts/0/sites/0']],
  ])('refuses %s', async (_, what, body, expected) => {
    const names: Record<string, string> = { ...court, court: court.id, elsewhere, ann: ann.id };
    const named = (text: string) => text.replace(/:([a-z]+)/g, (whole, name) => names[name] ?? whole);
    const reply = await system.admin.call(named(what), body && JSON.parse(JSON.stringify(body).replaceAll(/"(:[a-z]+)"/g, (text) => named(text))));
    expect([reply.status, reply.body.errors?.[0]?.pointer]).toEqual(expected);
  });

  it('answers a repeated command with the same place', async () => {
    const add = () => system.admin.ok(`POST /api/sites/${elsewhere}/places`, { kind: 'building', name: 'B' }, { 'idempotency-key': 'once' });
    expect((await add()).body).toEqual((await add()).body);
  });
});

describe('a resident', () => {
  it('sees the own unit with what it lies in and what lies in it, the own entry, and nothing of others', async () => {
    await answers(ann, `GET /api/sites/${court.id}`, 200);
    expect(await namesOf(ann, court.id)).toEqual(['House A', 'Flat 1', 'Kitchen']);
    expect((await ann.ok(`GET /api/sites/${court.id}/residents`)).body.items).toMatchObject([{ id: court.residency, unit: court.flat, until: null }]);
    expect((await ann.call(`GET /api/sites/${court.id}/staff`)).status).toBe(403);
    expect((await ann.call(`GET /api/sites/${elsewhere}`)).status).toBe(404);
    expect((await ann.call(`POST /api/sites/${court.id}/places`, { kind: 'place', name: 'Mine', parent: court.flat })).status).toBe(404);
    expect(await idsOf(ann)).toEqual([court.id]);
  });

  it('who moved out sees nothing of it, who moves in later nothing yet, and both are told', async () => {
    const ben = await system.register('Ben');
    const live = follow(system, ben, `user:${ben.id}`);
    await live.joined();
    const residents = `/api/sites/${court.id}/residents`;
    const { body } = await system.admin.ok(`POST ${residents}`, { unit: court.other, userId: ben.id });
    await answers(ben, `GET /api/sites/${court.id}`, 200);
    const ended = await workers.staff.ok(`PUT ${residents}/${body.residency}/end`, {});
    await answers(ben, `GET /api/sites/${court.id}`, 404);
    await live.reached(ended.body.position);
    expect(live.changes.map(({ type }) => type)).toEqual(['ResidentMovedIn', 'ResidentMovedOut']);
    live.close();
    const later = await system.admin.ok(`POST ${residents}`, { unit: court.other, userId: ben.id, from: '2099-01-01T00:00:00+01:00' });
    const after = { 'read-after': later.body.position };
    expect((await ben.call(`GET /api/sites/${court.id}`, undefined, after)).status).toBe(404);
    const at = async (query: string) => (await system.admin.ok(`GET ${residents}?unit=${court.other}${query}`, undefined, after)).body.items.length;
    expect([await at(''), await at('&ever'), await at('&at=2099-06-01T00:00:00Z')]).toEqual([0, 2, 1]);
  });

  it('gets it back with all that is kept of them, and once erased leaves an id that is nobody’s', async () => {
    const cal = await system.register('Cal');
    const { body } = await system.admin.ok(`POST /api/sites/${court.id}/residents`, { unit: court.other, userId: cal.id });
    await vi.waitFor(async () => {
      const { residencies } = (await cal.ok(`GET /api/users/${cal.id}/export`)).body;
      expect(residencies).toMatchObject([{ id: body.residency, site: court.id, unit: court.other, until: null }]);
    }, 20_000);
    expect((await system.admin.call(`DELETE /api/users/${cal.id}?erase=true`)).status).toBeLessThan(300);
    const { text } = await system.admin.ok(`GET /api/sites/${court.id}/residents?unit=${court.other}`);
    expect(text).not.toContain('Cal');
  });
});

describe('posts', () => {
  it('give rights within a second, over HTTP and on sockets, and take them', async () => {
    const dan = await system.register('Dan');
    const topic = `site:${court.id}:security`;
    const before = follow(system, dan, topic);
    await vi.waitFor(() => expect(before.states).toContain('live'), 20_000);
    expect((await dan.call(`GET /api/sites/${court.id}`)).status).toBe(404);
    before.close();

    await system.admin.ok(`PUT /api/users/${dan.id}/posts`, { posts: [{ role: 'security', sites: [] }] });
    await answers(dan, `GET /api/sites/${court.id}`, 200);
    await answers(dan, `GET /api/sites/${elsewhere}`, 200);
    const live = follow(system, dan, topic);
    await live.joined();
    const renamed = await system.admin.ok(`PATCH /api/sites/${court.id}`, { name: 'Linden Court West' });
    await live.reached(renamed.body.position);
    expect(live.changes.map(({ type }) => type)).toEqual(['SiteEdited']);

    await system.admin.ok(`PUT /api/users/${dan.id}/posts`, { posts: [{ role: 'security', sites: [elsewhere] }] });
    await answers(dan, `GET /api/sites/${court.id}`, 404);
    await answers(dan, `GET /api/sites/${elsewhere}`, 200);
    const unheard = await system.admin.ok(`PATCH /api/sites/${court.id}`, { name: 'Linden Court' });
    const witness = follow(system, workers.security, topic, renamed.body.position);
    await witness.reached(unheard.body.position);
    expect(live.changes.map(({ type }) => type)).toEqual(['SiteEdited']);
    for (const one of [live, witness]) one.close();
  });

  it('are seen by oneself and admins, and set by admins alone', async () => {
    expect((await workers.staff.call(`GET /api/users/${workers.staff.id}/posts`)).status).toBe(200);
    expect((await ann.call(`GET /api/users/${workers.staff.id}/posts`)).status).toBe(404);
    expect((await workers.staff.call(`PUT /api/users/${ann.id}/posts`, { posts: [] })).status).toBe(403);
  });
});
