import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Clamd, clamd as clamav, describeWith, INFECTION, startClamd } from '../../servers/for-tests.fixture.ts';
import type { User } from '../../system/client.fixture.ts';
import { uploadPatiently } from '../../system/form.fixture.ts';
import { png } from '../../system/pictures.fixture.ts';
import { type Installation, openInstallation } from '../../system/system.fixture.ts';
import { openScanner } from './scan.ts';

const INFECTED = `here is ${INFECTION.text}, and more`;

describeWith(clamav, 'Debian’s clamd, which knows a signature of ours', () => {
  let clamd: Clamd;
  let system: Installation;
  let user: User;
  let task: string;
  beforeAll(async () => {
    clamd = await startClamd();
    system = await openInstallation({ MEDIA_SCAN: clamd.socket, MEDIA_MOST_BYTES: '500000' });
    user = await system.register('Uma');
    task = (await user.ok('POST /api/tasks', { title: 'Paint the hall' })).body.id;
  }, 300_000);
  afterAll(async () => {
    await system?.remove();
    await clamd?.close();
  });

  const send = async (name: string, bytes: Uint8Array): Promise<string> => {
    const answer = await uploadPatiently({ url: system.url(), user }, { task, file: { name, bytes } });
    expect(answer.status, answer.text).toBe(202);
    return answer.body.id;
  };
  const shown = async (id: string) => (await user.ok(`GET /api/media/${id}`)).body;
  const becomes = (id: string, status: string) => expect.poll(async () => (await shown(id)).status, { timeout: 110_000 }).toBe(status);
  const urlOf = (id: string, size = 'original') => user.call(`GET /api/media/${id}/url?size=${size}`);

  it.each(['its socket', 'its port'])('is asked on %s, and says what is in a file, or that it takes no more of it', async (where) => {
    const scanner = openScanner(where === 'its port' ? clamd.url : clamd.socket);
    const file = async (text: string) => {
      await writeFile(join(clamd.folder, 'a-file'), text);
      return join(clamd.folder, 'a-file');
    };
    expect(await scanner?.scan(await file('nothing'))).toEqual({ found: null });
    expect(await scanner?.scan(await file(INFECTED))).toEqual({ found: INFECTION.name });
    await expect(scanner?.scan(await file('x'.repeat(3_000_000)))).rejects.toThrow(/clamd/);
  });

  it('has a file given out once it was found clean', async () => {
    const id = await send('notes.txt', Buffer.from('nothing'));
    await becomes(id, 'attached');
    const { url } = (await urlOf(id)).body;
    expect(await (await fetch(`${system.url()}${url}`)).text()).toBe('nothing');
  });

  it('has a file refused in which it finds something, in words, and nothing of it given out or kept', async () => {
    const id = await send('notes.txt', Buffer.from(INFECTED));
    await becomes(id, 'refused');
    expect((await shown(id)).refusal).toEqual({ rule: 'infected', detail: `A scanner found ${INFECTION.name} in it.` });
    expect((await urlOf(id)).status).toBe(404);
    expect((await fetch(`${system.url()}/media/${id}/original`)).status).toBe(404);
  });

  it('holds files back while it is away, public ones too, and has them given out when it is back', async () => {
    await clamd.kill();
    const [notes, picture] = [await send('notes.txt', Buffer.from('nothing')), await send('hall.png', png(80, 60))];
    await user.ok(`PUT /api/media/${notes}/access`, { access: 'public' });
    await expect.poll(() => system.output()).toContain('the scanner of files');
    for (const id of [notes, picture]) expect((await shown(id)).status).toBe('pending');
    for (const [id, size] of [
      [notes, 'original'],
      [picture, '320'],
      [picture, 'full'],
    ] as const) {
      expect((await urlOf(id, size)).status).toBe(404);
      expect((await fetch(`${system.url()}/media/${id}/${size}`)).status).toBe(404);
    }
    await clamd.restart();
    for (const id of [notes, picture]) await becomes(id, 'attached');
    expect((await urlOf(picture, '320')).status).toBe(200);
    expect(await (await fetch(`${system.url()}/media/${notes}/original`)).text()).toBe('nothing');
  });
});
