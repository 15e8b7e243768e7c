import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AccessWorld, ALICE, attached, CAROL, FILE, fileAfter, PICTURE, ready, startAccess, TASK } from './access.fixture.ts';

/** What the store was asked to sign. */
let signed: unknown[];
let world: AccessWorld;
beforeEach(async () => {
  signed = [];
  world = await startAccess();
  world.context.files.directGet = async (key, how) => {
    signed.push([key, how]);
    return `https://store.example.org/${key}`;
  };
});
afterEach(() => world.close());

it('leads to the store, which answers this size for a minute with the type and the name that we would have answered', async () => {
  const { url } = await world.urlFor(ALICE, '?size=320');
  const { status, headers } = await world.get(url);
  expect([status, headers.get('location')]).toEqual([302, `https://store.example.org/media/${FILE}/320`]);
  expect(signed).toEqual([[`media/${FILE}/320`, { seconds: 60, type: 'image/webp', disposition: 'inline; filename=hall.webp' }]]);
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
});

it('has a file saved that is asked for so, and whatever is not to be shown in our name', async () => {
  const of = async (query: string) => {
    await world.get((await world.urlFor(ALICE, query)).url);
    return (signed.at(-1) as [string, { disposition: string }])[1].disposition;
  };
  expect(await of('?size=320&disposition=attachment')).toBe('attachment; filename=hall.webp');
  world.states.set(`media-${FILE}`, fileAfter({ type: 'text/markdown', name: 'notes.md' }, ready, attached));
  expect(await of('?disposition=inline')).toBe('attachment; filename=notes.md');
});

const ends: [string, () => void][] = [
  ['its session ended', () => world.live.delete(ALICE)],
  ['its user lost the right', () => world.states.set(`task-${TASK}`, { exists: true, maker: CAROL.id, assignee: null })],
  ['the thing was deleted', () => world.states.set(`task-${TASK}`, { exists: true, deleted: true, maker: ALICE.id, assignee: null })],
  ['the file was deleted', () => world.states.set(`media-${FILE}`, { ...PICTURE, status: 'deleted' })],
];
it.each(ends)('invariant 22: leads nowhere any more as soon as %s', async (_, happens) => {
  const { url } = await world.urlFor(ALICE);
  expect((await world.get(url)).status).toBe(302);
  happens();
  const { status, headers } = await world.get(url);
  expect([status, headers.get('location')]).toEqual([403, null]);
  expect(signed).toHaveLength(1);
});

it('leads nowhere while a file is looked at, or once it is refused', async () => {
  const { url } = await world.urlFor(ALICE);
  for (const state of [fileAfter({}), fileAfter({}, { type: 'MediaRefused', data: { attempt: 1, rule: 'infected', detail: 'x' } })]) {
    world.states.set(`media-${FILE}`, state);
    expect((await world.get(url)).headers.get('location')).toBeNull();
  }
  expect(signed).toEqual([]);
});
