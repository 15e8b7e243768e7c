import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Find, ModelState } from '../../platform/read-models/read-models.ts';
import { type AccessWorld, ALICE, attached, CAROL, fileAfter, NOW, ready, rendered, startAccess, TASK } from './access.fixture.ts';
import { openMailPictures } from './mail-pictures.ts';
import { MAIL_SECONDS } from './may-fetch.ts';

let world: AccessWorld;
beforeEach(async () => {
  world = await startAccess();
  world.states.clear();
  world.states.set(`task-${TASK}`, { exists: true, deleted: false, maker: ALICE.id, assignee: null });
});
afterEach(() => world.close());

const STREAM = `task-${TASK}`;
const idOfFile = (n: number) => `22222222-0000-4000-8000-00000000000${n}`;
const picture = (name = 'hall.jpg') => fileAfter({ name }, rendered('320'), rendered('full'), ready, attached);

/** Puts files on the task, in this order, with the bytes of their pictures. */
function putOn(...files: ReturnType<typeof fileAfter>[]): void {
  for (const [n, state] of files.entries()) {
    world.states.set(`media-${idOfFile(n)}`, state);
    world.bytes.set(`media/${idOfFile(n)}/full`, Buffer.from(`picture ${n}`));
  }
}

/** The pictures of the task for a reader, with a read model that knows all files as being on it. */
function picturesFor(reader: typeof ALICE, base = world.url) {
  const { commands, urlKeys, now } = world.context;
  const asked: Find[] = [];
  const readModels = {
    state: async () => ({ generation: 1 }) as ModelState,
    find: async (_model: unknown, _generation: number, query: Find) => {
      asked.push(query);
      const ids = [...world.states.keys()].filter((stream) => stream.startsWith('media-'));
      return ids.map((stream) => ({ id: stream.slice('media-'.length), position: '1', document: {} }));
    },
  };
  return openMailPictures({ commands, urlKeys, now, base, readModels, scanning: false })(STREAM, reader);
}

const statusOf = async (url = '') => (await world.get(url)).status;

it('a mail links each picture by its name, at an address that its reader can open for a day without a session', async () => {
  putOn(picture(), picture('stairs.png'));
  const { links, more } = await picturesFor(ALICE);
  expect([links.map(({ name }) => name), more]).toEqual([['hall.jpg', 'stairs.png'], 0]);
  world.live.clear();
  const response = await world.get(links[1]?.url ?? '');
  expect([response.status, response.headers.get('content-disposition'), await response.text()]).toEqual([
    200,
    'inline; filename=stairs.webp',
    'picture 1',
  ]);
  world.clock.now = NOW + MAIL_SECONDS * 1_000 - 1_000;
  expect(await statusOf(links[0]?.url)).toBe(200);
  world.clock.now = NOW + MAIL_SECONDS * 1_000;
  expect(await statusOf(links[0]?.url)).toBe(403);
});

it('a mail links at most five pictures, and says how many it leaves out', async () => {
  putOn(...Array.from({ length: 8 }, (_, n) => picture(`${n}.jpg`)));
  const { links, more } = await picturesFor(ALICE);
  expect([links.map(({ name }) => name), more]).toEqual([['0.jpg', '1.jpg', '2.jpg', '3.jpg', '4.jpg'], 3]);
});

it('a mail links nothing that is no picture, is not found good, is on another thing, or is not there any more', async () => {
  const elsewhere = { type: 'MediaAttached', data: { of: { kind: 'task', id: idOfFile(9) } } } as const;
  putOn(
    fileAfter({ type: 'application/pdf', name: 'plan.pdf' }, ready, attached),
    fileAfter({}),
    fileAfter({}, rendered('320')),
    fileAfter({}, { type: 'MediaRefused', data: { attempt: 1, rule: 'damaged', detail: 'Save it again.' } }),
    fileAfter({}, rendered('full'), ready, elsewhere),
    fileAfter({}, rendered('full'), ready, attached, { type: 'MediaDetached', data: { of: { kind: 'task', id: TASK } } }),
    fileAfter({}, rendered('full'), ready, attached, { type: 'MediaDeleted', data: { reason: 'asked' } }),
  );
  expect(await picturesFor(ALICE)).toEqual({ links: [], more: 0 });
});

it('a mail links nothing that its reader may not read', async () => {
  putOn(picture());
  expect((await picturesFor(CAROL)).links).toEqual([]);
  world.states.set(STREAM, { exists: true, maker: ALICE.id, assignee: CAROL.id });
  expect((await picturesFor(CAROL)).links).toHaveLength(1);
});

it('a link ends with the picture, and with the right of its reader', async () => {
  putOn(picture());
  const url = (await picturesFor(ALICE)).links[0]?.url ?? '';
  expect(await statusOf(url)).toBe(200);
  world.states.set(STREAM, { exists: true, maker: CAROL.id, assignee: null });
  expect(await statusOf(url)).toBe(403);
  world.states.set(STREAM, { exists: true, maker: ALICE.id, assignee: null });
  world.states.set(`media-${idOfFile(0)}`, { ...picture(), status: 'deleted' });
  expect(await statusOf(url)).toBe(403);
});

it('a link begins with the address that people elsewhere reach', async () => {
  putOn(picture());
  const { links } = await picturesFor(ALICE, 'https://files.example.org');
  expect(links[0]?.url).toMatch(new RegExp(`^https://files\\.example\\.org/media/${idOfFile(0)}/2048\\?`));
});
