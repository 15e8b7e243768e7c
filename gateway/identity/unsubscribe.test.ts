/** The link of mails that stops mails of their kind, as mail programs post it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { unsubscribeLinks } from '../../platform/unsubscribe-link.ts';
import { type Installation, openInstallation } from './identity.fixture.ts';

let here: Installation;
let id: string;
beforeAll(async () => {
  here = await openInstallation({ limits: { 'stream-commands': 6 } });
  id = (await here.call('POST /api/users', { email: 'reader@example.org', password: 'correct horse battery', name: 'Ann' })).body.id;
});
afterAll(() => here.close());

const post = async (kind: string, init: RequestInit) => {
  const link = unsubscribeLinks(here.identityOptions.keys.hmac).linkOf(here.url, id, kind);
  return (await fetch(link, { method: 'POST', ...init })).status;
};
const stopped = async () =>
  (await here.events(`user-${id}`)).filter(({ type }) => type === 'NotificationsChosen').map(({ data }) => (data as { choices: object }).choices);

it('is posted as a form of either type, or with no body, and each stops its kind', async () => {
  const form = new FormData();
  form.set('List-Unsubscribe', 'One-Click');
  expect(await post('overdue', { body: form })).toBe(200);
  expect(await post('task_created', { body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) })).toBe(200);
  expect(await post('task_assigned', {})).toBe(200);
  const inbox = ['in-app'];
  expect((await stopped()).at(-1)).toEqual({ overdue: inbox, task_created: inbox, task_assigned: inbox });
  expect(await post('overdue', { body: '{}', headers: { 'content-type': 'application/json' } })).toBe(415);
  expect(await post('overdue', { body: new URLSearchParams({ long: 'x'.repeat(1024 * 1024) }) })).toBe(413);
});

it('that was cut off, or is not ours, is told of in words on a page to whoever opens it, and as a problem to whatever asks for data', async () => {
  const link = unsubscribeLinks(here.identityOptions.keys.hmac).linkOf(here.url, id, 'overdue');
  const places = [
    link.slice(0, -3),
    link.slice(0, link.indexOf('?') + 8),
    link.slice(0, link.indexOf('?')),
    `${link.slice(0, -3)}${'x'.repeat(400)}`,
  ];
  for (const place of places)
    for (const method of ['GET', 'POST']) {
      const page = await fetch(place, { method, headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
      const text = await page.text();
      expect([page.status, page.headers.get('content-type'), text], place).toEqual([
        422,
        'text/html; charset=utf-8',
        expect.stringMatching(/<h1>The request is not valid<\/h1><p>This link is not whole, or not ours\. .*on your page/),
      ]);
      const asked = await fetch(place, { method, headers: { accept: '*/*' } });
      expect([asked.status, asked.headers.get('content-type'), (await asked.json()).code]).toEqual([422, 'application/problem+json', 'invalid']);
    }
});

it('is limited by user, however often and by whomever it is posted, and a repeat is recorded nowhere', async () => {
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push(await post('overdue', { headers: { 'x-request-id': `0d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e0${n}` } }));
  expect(statuses).toEqual([200, 200, 200, 429]);
  expect(await stopped()).toHaveLength(3);
});
