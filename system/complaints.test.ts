/** Complaints from outside: who files, handles and sees them, over HTTP and sockets; and that one who is not to be named is named nowhere. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Post } from '../contracts/post.ts';
import type { User } from './client.fixture.ts';
import { follow } from './live.fixture.ts';
import { type Manned, manned } from './site-notices.suite.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

const COLD = { cause: 'heating', subject: 'It is cold', text: 'The radiator has been cold since Monday.' };

let system: Installation;
let court: Manned;
let ann: User;
let service: User;
let guard: User;
let flat: string;

beforeAll(async () => {
  system = await openInstallation({ ...UNLIMITED, LOG_LEVEL: 'info' });
  court = await manned(system);
  const { body } = await system.admin.ok(`POST /api/sites/${court.site}/places`, { kind: 'unit', name: 'Flat 1' });
  flat = body.place;
  ann = await resident('Ann');
  service = await court.join('Service', at('customer-service'));
  guard = await court.join('Guard', at('security'));
}, 240_000);
afterAll(() => system?.remove());

const at =
  (role: Post['role']) =>
  ({ here }: { here: string }): Post[] => [{ role, sites: [here] }];

async function resident(name: string): Promise<User> {
  const user = await court.join(name, () => []);
  await system.admin.ok(`POST /api/sites/${court.site}/residents`, { unit: flat, userId: user.id });
  return user;
}

const file = async (by: User, more: object = {}) =>
  (await by.ok('POST /api/complaints', { site: court.site, ...COLD, ...more })).body as { id: string; position: string };
const seen = async (by: User, id: string, position: string) => (await by.ok(`GET /api/complaints/${id}`, undefined, { 'read-after': position })).body;

describe('a complaint', () => {
  it('is filed, handled, answered, resolved and reopened, with its history; notes are for who handles it', async () => {
    const { id } = await file(ann, { place: flat, priority: 'high' });
    await service.ok(`PUT /api/complaints/${id}/status`, { status: 'acknowledged' });
    await service.ok(`PATCH /api/complaints/${id}`, { labels: ['winter'] });
    const noted = await service.ok(`POST /api/complaints/${id}/notes`, { text: 'The third time.' });
    expect(noted.body.note).toMatch(/^[\w-]{36}$/);
    await service.ok(`POST /api/complaints/${id}/replies`, { text: 'Somebody comes on Tuesday.' });
    await service.ok(`POST /api/complaints/${id}/escalate`);
    await service.ok(`PUT /api/complaints/${id}/status`, { status: 'resolved' });
    await ann.ok(`POST /api/complaints/${id}/reopen`);
    const { position } = (await ann.ok(`POST /api/complaints/${id}/replies`, { text: 'It is still cold.' })).body;
    const kinds = ['filed', 'status', 'edited', 'note', 'reply', 'escalated', 'status', 'reopened', 'reply'];
    const whole = await seen(service, id, position);
    expect(whole.history.map(({ kind }: { kind: string }) => kind)).toEqual(kinds);
    expect(whole).toMatchObject({ place: flat, priority: 'high', status: 'in-progress', escalated: false, labels: ['winter'], filedBy: ann.id });
    expect(whole.history[3]).toMatchObject({ kind: 'note', by: service.id, text: 'The third time.' });
    const own = await seen(ann, id, position);
    expect(own.history.map(({ kind }: { kind: string }) => kind)).toEqual(kinds.filter((kind) => kind !== 'note'));
    expect(JSON.stringify(own)).not.toContain('The third time');
  });

  it('is there for who filed it, its staff, its customer service and admins alone', async () => {
    const { id, position } = await file(ann);
    const staff = await court.join('Staff', at('staff'));
    const elsewhere = await court.join('Elsewhere', ({ elsewhere: other }) => [{ role: 'customer-service', sites: [other] }]);
    const neighbour = await resident('Neighbour');
    for (const one of [ann, service, staff, system.admin]) expect((await seen(one, id, position)).id).toBe(id);
    for (const one of [guard, elsewhere, neighbour]) {
      expect((await one.call(`GET /api/complaints/${id}`, undefined, { 'read-after': position })).status).toBe(404);
      expect((await one.call(`POST /api/complaints/${id}/replies`, { text: 'Me too.' })).status).toBe(404);
      expect((await one.ok('GET /api/complaints')).body.items).toEqual([]);
    }
    expect((await ann.call(`POST /api/complaints/${id}/notes`, { text: 'Mine.' })).status).toBe(403);
    expect((await guard.call('POST /api/complaints', { site: court.site, ...COLD })).status).toBe(403);
  });

  it('is found by state, priority, cause, label, words and who filed it', async () => {
    const { id } = await file(ann, { subject: 'Listed noise', cause: 'noise', priority: 'urgent' });
    await file(service, { subject: 'Listed dust', cause: 'cleanliness' });
    await service.ok(`PATCH /api/complaints/${id}`, { labels: ['night'] });
    const { position } = (await service.ok(`POST /api/complaints/${id}/escalate`)).body;
    const found = async (by: User, query: string) => {
      const { items } = (await by.ok(`GET /api/complaints?q=listed${query}`, undefined, { 'read-after': position })).body;
      return items.map(({ subject }: { subject: string }) => subject);
    };
    expect(await found(service, '')).toEqual(['Listed dust', 'Listed noise']);
    expect(await found(ann, '')).toEqual(['Listed noise']);
    for (const query of ['&cause=noise', '&priority=urgent', '&label=night', '&escalated', `&site=${court.site}&cause=noise,damage`])
      expect(await found(service, query), query).toEqual(['Listed noise']);
    expect(await found(service, '&mine')).toEqual(['Listed dust']);
    expect(await found(service, '&status=resolved')).toEqual([]);
    const first = (await service.ok('GET /api/complaints?q=listed&limit=1')).body;
    const rest = (await service.ok(`GET /api/complaints?q=listed&limit=1&cursor=${first.next}`)).body;
    expect(rest.items.map(({ subject }: { subject: string }) => subject)).toEqual(['Listed noise']);
  });

  it('is heard of by customer service, and but for notes by who filed it', async () => {
    const handling = follow(system, service, `site:${court.site}:customer-service`);
    const filing = follow(system, ann, `user:${ann.id}`);
    await Promise.all([handling.joined(), filing.joined()]);
    const { id } = await file(ann);
    await service.ok(`POST /api/complaints/${id}/notes`, { text: 'Again.' });
    const { position } = (await service.ok(`POST /api/complaints/${id}/replies`, { text: 'Soon.' })).body;
    await Promise.all([handling.reached(position), filing.reached(position)]);
    const types = (live: typeof handling) => live.changes.map(({ type }) => type).filter((type) => type.startsWith('Complaint'));
    expect(types(handling)).toEqual(['ComplaintFiled', 'ComplaintNoted', 'ComplaintReplied']);
    expect(types(filing)).toEqual(['ComplaintFiled', 'ComplaintReplied']);
    for (const live of [handling, filing]) live.close();
  });

  it.each([
    ['a cause that is none', { cause: 'gremlins' }, '/cause'],
    ['no words', { text: ' ' }, '/text'],
    ['a place of another site', { place: '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e99' }, '/place'],
  ])('is refused with %s', async (_, more, pointer) => {
    const { status, body } = await ann.call('POST /api/complaints', { site: court.site, ...COLD, ...more });
    expect([status, body.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });
});

describe('a complaint that is filed anonymously', () => {
  const anonymous = (by: User, more: object = {}, headers: Record<string, string> = {}) =>
    by.call('POST /api/complaints/anonymous', { site: court.site, ...COLD, final: true, ...more }, headers);

  it('wants to hear that it cannot be undone', async () => {
    const { status, body } = await anonymous(ann, { final: false });
    expect([status, body.errors[0]]).toEqual([422, { pointer: '/final', detail: expect.stringContaining('cannot be undone') }]);
  });

  it('is handled as others, and is not there for who filed it', async () => {
    const { body } = await anonymous(ann, { subject: 'Without a name' });
    const { position } = (await service.ok(`POST /api/complaints/${body.id}/replies`, { text: 'We look into it.' })).body;
    expect(await seen(service, body.id, position)).toMatchObject({
      filedBy: null,
      history: [{ kind: 'filed', by: 'anonymous' }, { by: service.id }],
    });
    expect((await ann.call(`GET /api/complaints/${body.id}`, undefined, { 'read-after': position })).status).toBe(404);
    expect((await ann.ok('GET /api/complaints?q=without', undefined, { 'read-after': position })).body.items).toEqual([]);
  });

  it('is one, however often it is sent with one key, and no other resident’s with the same key', async () => {
    const other = await resident('Other');
    const key = { 'idempotency-key': 'the same' };
    const ids = [await anonymous(ann, {}, key), await anonymous(ann, {}, key), await anonymous(other, {}, key)].map(({ body }) => body.id);
    expect([ids[0] === ids[1], ids[0] === ids[2]]).toEqual([true, false]);
  });

  it('leaves who filed it in no event, no line of the log and no entry of the audit log, done or refused', async () => {
    const zoe = await resident('Zoe');
    // As a client that gives one id and one trace to all that it asks for.
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const client = { 'x-request-id': crypto.randomUUID(), traceparent: `00-${trace}-00f067aa0ba902b7-01` };
    await zoe.ok('POST /api/tasks', { title: 'Named' }, { ...client, 'idempotency-key': crypto.randomUUID() });
    const asked = { ...client, 'idempotency-key': crypto.randomUUID() };
    const { body } = await anonymous(zoe, { subject: 'Nobody’s' }, asked);
    const stranger = await court.join('Stranger', () => []);
    const refused = await anonymous(stranger, {}, client);
    expect(refused.status).toBe(403);
    await vi.waitFor(() => expect(system.output()).toContain(refused.headers.get('x-request-id')), 20_000);
    const lines = system
      .output()
      .split('\n')
      .filter((line) => line.includes('/api/complaints/anonymous'));
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines)
      expect(line).not.toMatch(new RegExp(`${zoe.id}|${stranger.id}|${client['x-request-id']}|${trace}|127\\.0\\.0\\.1|"network"|"user"`));
    const audit = (await system.admin.ok('GET /api/admin/audit?limit=100')).body.items as { row: string }[];
    expect(audit.filter(({ row }) => row.includes('complaints/anonymous'))).toEqual([]);
    const log = new DatabaseSync(join(system.dataDir, 'events.db'), { readOnly: true });
    const events = JSON.stringify(log.prepare('SELECT * FROM events WHERE stream = ?').all(`complaint-${body.id}`));
    log.close();
    expect(events).toContain('anonymous');
    expect(events).not.toMatch(new RegExp(`${zoe.id}|${client['x-request-id']}|${trace}`));
  });
});

it('what somebody said of complaints is given back to them, and gone once they are erased', async () => {
  const cal = await resident('Cal');
  const { id } = await file(cal, { subject: 'Cal is cold', text: 'Cal has no coat.' });
  await cal.ok(`POST /api/complaints/${id}/replies`, { text: 'Cal waits.' });
  await vi.waitFor(async () => {
    const { complaints, complaintWords } = (await cal.ok(`GET /api/users/${cal.id}/export`)).body;
    expect(complaints).toMatchObject([{ id, subject: 'Cal is cold', text: 'Cal has no coat.' }]);
    expect(complaintWords).toMatchObject([{ complaint: id, kind: 'reply', text: 'Cal waits.' }]);
  }, 20_000);
  expect((await system.admin.call(`DELETE /api/users/${cal.id}?erase=true`)).status).toBeLessThan(300);
  await vi.waitFor(async () => {
    const { subject, text, history } = (await service.ok(`GET /api/complaints/${id}`)).body;
    expect([subject, text, history.at(-1).text]).toEqual(['[erased]', '[erased]', '[erased]']);
  }, 60_000);
});
