import { afterAll, beforeAll, expect, it } from 'vitest';
import type { User } from './client.fixture.ts';
import { upload } from './form.fixture.ts';
import { type Mail, mailComes } from './mails.fixture.ts';
import { PDF, png } from './pictures.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

const FILES = 'https://files.example.org';
const PAGES = 'https://tasks.example.org';

let system: Installation;
let maker: User;
let helper: User;
beforeAll(async () => {
  system = await openInstallation({ MAIL_PICTURES: '1', MEDIA_PUBLIC_URL: FILES, PUBLIC_URL: PAGES, TASK_VISIBILITY: 'own' });
  [maker, helper] = [await system.register('Mia'), await system.register('Hal')];
}, 120_000);
afterAll(() => system.remove());

/** Makes a task with files on it, and waits until they are looked at; resolves to their ids. */
async function taskWith(title: string, files: Parameters<typeof upload>[1][]): Promise<{ task: string; ids: string[] }> {
  const { id: task } = (await maker.ok('POST /api/tasks', { title })).body;
  const taken = await Promise.all(files.map((parts) => upload({ url: system.url(), user: maker }, { task, ...parts })));
  expect(taken.map(({ status }) => status)).toEqual(files.map(() => 202));
  const list = async () => (await maker.ok(`GET /api/media?task=${task}`)).body.items as { status: string; sizes: { size: string }[] }[];
  const isDone = ({ status, sizes }: Awaited<ReturnType<typeof list>>[number]) =>
    status === 'attached' && (sizes.length === 0 || sizes.some(({ size }) => size === 'full'));
  await expect.poll(async () => (await list()).filter(isDone).length, { timeout: 100_000 }).toBe(files.length);
  return { task, ids: taken.map(({ body }) => body.id) };
}

/** The addresses of files in a mail, at the process itself: the mail has those that people elsewhere reach. */
const linked = ({ text }: Pick<Mail, 'text'>) =>
  text.match(new RegExp(`${FILES}/media/\\S+`, 'g'))?.map((url) => url.replace(FILES, system.url())) ?? [];

it('a mail about a task links its pictures for its recipient, until they are deleted', async () => {
  const { task, ids } = await taskWith('Paint the hall', [
    { file: { name: 'hall.png', bytes: png(100, 100) } },
    { file: { name: 'plan.pdf', bytes: PDF } },
  ]);
  await maker.ok(`PUT /api/tasks/${task}/assignee`, { userId: helper.id });
  const mail = await mailComes(system.admin, helper.email, 'Assigned to you: Paint the hall');
  const [url = '', ...others] = linked(mail);
  expect([others, new URL(url).pathname, new URL(url).searchParams.get('user')]).toEqual([[], `/media/${ids[0]}/2048`, helper.id]);
  expect(mail.text).toContain('hall.png: ');
  expect(mail.html).toContain('>hall.png</a>');
  expect(mail.text).not.toContain('plan.pdf');

  const shown = await fetch(url);
  expect([shown.status, shown.headers.get('content-type')]).toEqual([200, expect.stringMatching(/^image\//)]);
  await maker.ok(`DELETE /api/media/${ids[0]}`);
  expect((await fetch(url)).status).toBe(403);
});

it('a link in a mail ends with the right of its recipient', async () => {
  const { task } = await taskWith('Mend the stairs', [{ file: { name: 'stairs.png', bytes: png(100, 100) } }]);
  await maker.ok(`PUT /api/tasks/${task}/assignee`, { userId: helper.id });
  const [url = ''] = linked(await mailComes(system.admin, helper.email, 'Assigned to you: Mend the stairs'));
  expect((await fetch(url)).status).toBe(200);
  await maker.ok(`PUT /api/tasks/${task}/assignee`, { userId: null });
  await expect.poll(async () => (await fetch(url)).status).toBe(403);
});

it('mails link no picture where nobody asked for that', async () => {
  const other = await openInstallation({ PUBLIC_URL: PAGES });
  try {
    const uma = await other.register('Uma');
    const { id: task } = (await uma.ok('POST /api/tasks', { title: 'Paint the hall' })).body;
    await upload({ url: other.url(), user: uma }, { task, file: { name: 'hall.png', bytes: png(100, 100) } });
    const sizes = async () => (await uma.ok(`GET /api/media?task=${task}`)).body.items[0]?.status;
    await expect.poll(sizes, { timeout: 100_000 }).toBe('attached');
    const hal = await other.register('Hal');
    await uma.ok(`PUT /api/tasks/${task}/assignee`, { userId: hal.id });
    expect((await mailComes(other.admin, hal.email, 'Assigned to you: Paint the hall')).text).not.toContain('/media/');
  } finally {
    await other.remove();
  }
}, 240_000);
