import { expect, it, onTestFinished } from 'vitest';
import { upload } from './form.fixture.ts';
import { png } from './pictures.fixture.ts';
import { openInstallation } from './system.fixture.ts';

/** The packages that files need: most starts see none, and what parses files of strangers is for children alone. */
const FOR_FILES = /^(sharp|file-type|@fastify\/busboy|@img\/|@aws-sdk\/|@smithy\/)/;

it('loads with its start no package that files need, and with the first upload only what reads a form', async () => {
  const system = await openInstallation({ NODE_OPTIONS: `--import ${new URL('./loaded.fixture.ts', import.meta.url)}` });
  onTestFinished(() => system.remove());
  // Its threads tell of themselves, too.
  const loaded = () =>
    [
      ...system
        .program()
        .stderr()
        .matchAll(/^loaded: (.*)$/gm),
    ].flatMap(([, names = '']) => names.split(' '));
  await system.stop();
  expect(loaded()).toContain('koa');
  expect(loaded().filter((name) => FOR_FILES.test(name))).toEqual([]);

  await system.start();
  const task = (await system.admin.ok('POST /api/tasks', { title: 'Files' })).body.id;
  const sent = await upload({ url: system.url(), user: system.admin }, { task, file: { name: 'x.png', bytes: png(9, 9) } });
  expect(sent.status, sent.text).toBe(202);
  await system.stop();
  expect(loaded().filter((name) => FOR_FILES.test(name))).toEqual(['@fastify/busboy']);
}, 300_000);
