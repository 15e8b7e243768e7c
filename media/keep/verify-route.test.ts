import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { RouteRequest } from '../../platform/http/route.ts';
import { type VerifyingContext, verifyRoute } from './verify-route.ts';

const STATE = { exists: true, status: 'attached', sizes: [], bytes: 5 };

/** A comparison of one file that is there with two objects, one of which is nobody's; with the store of events away where that is said. */
function comparison(isAway = false) {
  const context = {
    verifying: { now: false },
    settings: { keepOriginal: false },
    commands: { load: async (stream: string) => ({ state: { ...STATE, exists: stream === 'media-a' } }) },
    store: {
      readStream: async function* () {},
      readAll: async function* () {
        if (isAway) throw new Error('away');
        yield [{ type: 'MediaReceived', stream: 'media-a' }];
      },
    },
    files: {
      list: async function* (area: string) {
        if (area === 'media/') yield* [{ key: 'media/a/original' }, { key: 'media/b/320' }];
      },
      stat: async (key: string) => ({ key, bytes: 5, written: 0 }),
    },
  } as unknown as VerifyingContext;
  const open = async () => (await (await verifyRoute.answer(context, { query: {} } as RouteRequest)).open?.()) as Readable;
  return { open, context };
}

it('tells each difference in a line, and the numbers in the last, once at a time', async () => {
  const { open } = comparison();
  const answer = await open();
  await expect(open()).rejects.toMatchObject({ code: 'conflict' });
  expect(await text(answer)).toBe('{"what":"bytes without an event","key":"media/b/320"}\n{"files":1,"objects":2,"differences":1}\n');
  expect(await text(await open())).toContain('"differences":1');
});

it('is no answer where a store is away from the beginning, and can be asked for again', async () => {
  const { open, context } = comparison(true);
  for (const _ of [1, 2]) await expect(open()).rejects.toThrow('away');
  expect(context.verifying.now).toBe(false);
});

it('is over with whoever goes away', async () => {
  const { open, context } = comparison();
  const answer = await open();
  answer.destroy();
  await expect.poll(() => context.verifying.now).toBe(false);
});
