import { describe, expect, it } from 'vitest';
import { isPlace, PLACES } from '../contracts/places.ts';
import type { RouteRequest } from '../platform/http/route.ts';
import { pageRoutes } from './page-routes.ts';
import type { Pages } from './pages.ts';

const ID = '8c1f4a52-3a4e-4c1b-9a53-0f6f9c1d2e03';
const page = { body: Buffer.from('the page'), type: 'text/html; charset=utf-8', headers: { ETag: '"1"' } };
const pages: Pages = { file: (path) => (path === '/' ? page : null) };
const request: RouteRequest = { params: {}, query: {}, body: undefined, caller: null, header: () => undefined, ip: '127.0.0.1', requestId: 'one' };

async function answerAt(path: string, id: string) {
  const found = pageRoutes.find(({ row }) => row.path === path);
  const params = Object.fromEntries([...path.matchAll(/:(\w+)/g)].map(([, name]) => [name, id]));
  return found?.answer(pages, { ...request, params });
}

describe('the routes of the page', () => {
  it.each(PLACES)('answer the same page at %s', async (path) => {
    expect(await answerAt(path, ID)).toEqual({ body: page.body, headers: { ETag: '"1"', 'Content-Type': page.type } });
  });

  it.each(PLACES.filter((path) => path.includes(':')))(
    'answer it at %s with 404 where a parameter is no id, which is no place of the page',
    async (path) => {
      for (const id of ['', 'nope', '..', '%', `${ID}0`, `${ID}\n`]) {
        expect(await answerAt(path, id)).toMatchObject({ status: 404, body: page.body });
        expect(isPlace(path.replaceAll(/:\w+/g, id))).toBe(false);
      }
      expect(isPlace(path.replaceAll(/:\w+/g, ID))).toBe(true);
    },
  );

  it.each(PLACES.filter((path) => !path.includes(':')))('know %s as a place of the page, and nothing that begins like it', (path) => {
    expect([isPlace(path), isPlace(`${path}x`), isPlace(`${path}/x/y`)]).toEqual([true, false, false]);
  });

  it('find no file that was not built', async () => {
    await expect(answerAt('/assets/:file', 'index.js')).rejects.toMatchObject({ code: 'not_found' });
  });
});
