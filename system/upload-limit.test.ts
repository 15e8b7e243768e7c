/** How many files one user may send in an hour, through the whole process. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { User } from './client.fixture.ts';
import { uploadPatiently } from './form.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let system: Installation;
beforeAll(async () => {
  system = await openInstallation({ UPLOAD_LIMIT: '2' });
});
afterAll(() => system?.remove());

it('one user sends so many files in an hour, on whatever they are, and the next is refused with the time to wait; another has their own', async () => {
  const [one, other] = [await system.register('Una'), await system.register('Omar')];
  const send = async (user: User, text: string) => {
    const task = (await user.ok('POST /api/tasks', { title: 'Files' })).body.id;
    return uploadPatiently({ url: system.url(), user }, { task, file: { name: 'note.txt', bytes: Buffer.from(text) } });
  };
  expect([(await send(one, 'first')).status, (await send(one, 'second')).status]).toEqual([202, 202]);
  const refused = await send(one, 'third');
  expect([refused.status, refused.body.code]).toEqual([429, 'limited']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await send(other, 'first')).status).toBe(202);
});
