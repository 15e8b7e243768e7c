import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AccessWorld, ALICE, attached, CAROL, FILE, fileAfter, NOW, PICTURE, ready, rendered, startAccess, TASK } from './access.fixture.ts';

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
  const how = {
    from: new Date(NOW - 5_000),
    seconds: 60,
    type: 'image/webp',
    disposition: 'inline; filename=hall.webp',
    cacheControl: 'private, max-age=60',
  };
  expect(signed).toEqual([[`media/${FILE}/320`, how]]);
  expect(Object.fromEntries(headers)).toMatchObject({
    'cache-control': 'private, max-age=30',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
});

it('is the same within half a minute, which a browser may keep, and nothing that it leads to is good for longer than a minute after any check', () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 13 * 60_000 }), async (after) => {
      world.clock.now = NOW;
      const { url } = await world.urlFor(ALICE, '?size=320');
      world.clock.now = NOW + after;
      const kept = Number(/^private, max-age=(\d+)$/.exec((await world.get(url)).headers.get('cache-control') ?? '')?.[1]);
      const { from, seconds } = (signed.at(-1) as [string, { from: Date; seconds: number }])[1];
      // Begun by 5 s too early: so long a process may not have heard of an end.
      const step = from.getTime() + 5_000;
      // The last moment at which the kept redirect is followed, and that at which the store answers at its end.
      expect(kept * 1_000 + world.clock.now).toBeLessThanOrEqual(step + 30_000);
      expect(from.getTime() + seconds * 1_000).toBeLessThanOrEqual(world.clock.now + 55_000);
      expect([step % 30_000, step <= world.clock.now, step + 30_000 > world.clock.now]).toEqual([0, true, true]);
    }),
  ));

it('of a public file may be kept by everybody, for as long', async () => {
  world.states.set(`media-${FILE}`, fileAfter({}, rendered('full'), ready, attached, { type: 'MediaAccessChanged', data: { access: 'public' } }));
  world.clock.now = NOW + 10_500;
  const { headers } = await world.get(`/media/${FILE}/full`);
  expect(headers.get('cache-control')).toBe('public, max-age=19');
  expect(signed).toMatchObject([[`media/${FILE}/full`, { from: new Date(NOW - 5_000), cacheControl: 'public, max-age=60' }]]);
});

it('is kept no longer than its address is good', async () => {
  const { url } = await world.urlFor(ALICE, '?size=320');
  world.clock.now = NOW + 14 * 60_000 - 28_000;
  expect((await world.get(url)).headers.get('cache-control')).toBe('private, max-age=28');
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
