/** A person's data, given back: whole, of nobody else, and to nobody else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { personExport } from '../contracts/person-export.ts';
import { caller, type User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

let system: Installation;
let ann: User;
let ben: User;
beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
  [ann, ben] = [await system.register('Ann'), await system.register('Ben')];
});
afterAll(() => system?.remove());

const exported = async (of: User, by: User = of) => {
  const { text } = await by.ok(`GET /api/users/${of.id}/export`);
  return { text, document: personExport.parse(JSON.parse(text)) };
};

describe('the document of a person', () => {
  it('has all that is kept of them, by its schema, and not a word of anybody else', async () => {
    const { body: mine } = await ann.ok('POST /api/tasks', { title: 'Ann’s lamp', description: 'by the lift', userId: ben.id });
    const { body: theirs } = await ben.ok('POST /api/tasks', { title: 'Ben’s door', userId: ann.id });
    await ben.ok('POST /api/tasks', { title: 'none of Ann’s business' });
    await ann.ok(`POST /api/tasks/${theirs.id}/comments`, { text: 'a word of Ann’s' });
    await ben.ok(`POST /api/tasks/${mine.id}/comments`, { text: 'a word of Ben’s' });
    await ann.ok(`DELETE /api/tasks/${mine.id}`);
    const items = [{ sku: 'lamp-e27', quantity: 2, unitPrice: { amount: 1299, currency: 'EUR' } }];
    await ann.ok('POST /api/orders', { email: 'elsewhere@example.org', note: 'ring twice', items });
    await system.admin.ok('POST /api/notifications/send', {
      type: 'in-app',
      recipient: ann.id,
      content: 'For {{name}} alone',
      variables: { name: 'Ann' },
    });
    await upload({ url: system.url(), user: ann }, { task: theirs.id, file: { name: 'plan.txt', bytes: Buffer.from('a plan') } });
    await ann.ok('PUT /api/me/notifications', { comment_added: [] });
    await ann.ok(`PATCH /api/users/${ann.id}`, { name: 'Ann the Second' });
    await expect.poll(async () => (await exported(ann)).document.notifications.length).toBeGreaterThan(2);
    await expect.poll(async () => (await exported(ann)).document.audit.length).toBeGreaterThan(0);
    const { text, document } = await exported(ann);
    expect(document.profile).toMatchObject({
      id: ann.id,
      name: 'Ann the Second',
      email: ann.email,
      password: true,
      secondFactor: false,
      deleted: false,
    });
    expect(document.profile.notificationChoices).toEqual({ comment_added: [] });
    expect(document.account.map(({ type, by }) => `${type} ${by}`)).toEqual(expect.arrayContaining(['UserCreated system', 'UserEdited you']));
    expect(document.tasks.map(({ title, maker, assignee, deleted }) => [title, maker, assignee, deleted]).toSorted()).toEqual([
      ['Ann’s lamp', 'you', 'another', true],
      ['Ben’s door', 'another', 'you', false],
    ]);
    expect(document.comments.map((one) => one.text)).toEqual(['a word of Ann’s']);
    expect(document.orders).toEqual([expect.objectContaining({ email: 'elsewhere@example.org', note: 'ring twice' })]);
    expect(document.files).toEqual([
      expect.objectContaining({ name: 'plan.txt', maker: 'you', url: expect.stringMatching(/^\/api\/media\/.*\/url$/) }),
    ]);
    expect(document.notifications.map((one) => one.text)).toContain('For Ann alone');
    expect(document.sessions).toEqual([expect.objectContaining({ ip: expect.any(String), device: expect.any(String) })]);
    expect(document.reservations).toEqual([{ kind: 'email', value: ann.email }]);
    for (const foreign of [ben.id, ben.email, system.admin.id, 'a word of Ben’s', 'none of Ann’s business']) expect(text).not.toContain(foreign);
  });

  it('comes as a download that nothing keeps, and is in the audit log', async () => {
    const { headers } = await ann.ok(`GET /api/users/${ann.id}/export`);
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="taskledger-[0-9a-f-]{36}-\d{4}-\d\d-\d\d\.json"$/);
    expect([headers.get('cache-control'), headers.get('etag'), headers.get('x-accel-buffering')]).toEqual(['no-store', null, 'no']);
    const { body } = await system.admin.ok('GET /api/admin/audit?kind=export');
    expect(body.items[0]).toMatchObject({ user: ann.id, about: ann.id, outcome: 'done' });
  });

  it('is given to admins, too, also of who was deleted, and of nobody who never was', async () => {
    const cal = await system.register('Cal');
    await system.admin.ok(`DELETE /api/users/${cal.id}`);
    const { document } = await exported(cal, system.admin);
    expect(document.profile).toMatchObject({ id: cal.id, deleted: true });
    expect((await system.admin.call(`GET /api/users/${crypto.randomUUID()}/export`)).status).toBe(404);
  });

  it('is refused to anybody else, and to an API key', async () => {
    expect((await ben.call(`GET /api/users/${ann.id}/export`)).status).toBe(403);
    const { body } = await system.admin.ok('POST /api/admin/api-keys', { name: 'shop', requestsPerMinute: 100 });
    expect((await caller(system.url, body.key)(`GET /api/users/${ann.id}/export`)).status).toBe(403);
    const { document } = await exported(system.admin);
    expect(document.apiKeys).toEqual([expect.objectContaining({ name: 'shop' })]);
  });
});
