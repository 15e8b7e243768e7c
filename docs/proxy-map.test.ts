import { expect, it } from 'vitest';
import { ROWS } from '../app/rows.ts';
import { BEHIND } from '../servers/proxy.ts';
import { proxyMap } from './proxy-map.ts';

/** The part that a map takes a request to, by nginx's rule: the first line that fits. */
function partOf(map: string, request: string): string | undefined {
  const lines = [...map.matchAll(/"~(.+)" (\w+);/g)];
  return lines.find(([, pattern = '']) => new RegExp(pattern).test(request))?.[2];
}

const MAP = proxyMap({
  'read-side': [
    { method: 'GET', path: '/api/things/:id' },
    { method: 'GET', path: '/api/:kind/:id/size' },
    { method: 'GET', path: '/a.txt' },
  ],
  'write-side': [
    { method: 'DELETE', path: '/api/things/:id' },
    { method: 'PUT', path: '/api/things/:id' },
  ],
  notifier: [{ method: 'GET', path: '/api/things/:id/size' }],
  gateway: [
    { method: 'GET', path: '/api/things/newest' },
    { method: 'GET', path: '/' },
  ],
});

it.each([
  ['GET /api/things/1', 'read_side'],
  ['HEAD /api/v1/things/1/?a=/b', 'read_side'],
  ['GET /api/things/newest', 'gateway'],
  ['GET /api/things/newest1', 'read_side'],
  ['DELETE /api/things/newest', 'gateway'],
  ['DELETE /api/v1/things/newest/', 'gateway'],
  ['GET /api/things/newest/size', 'notifier'],
  ['PUT /api/v1/things/1', 'write_side'],
  ['HEAD /api/things/1/size', 'notifier'],
  ['GET /api/others/1/size', 'read_side'],
  ['GET /a.txt', 'read_side'],
  ['GET /?a', 'gateway'],
  ['GET /abtxt', undefined],
  ['GET /v1/a.txt', undefined],
  ['POST /api/things/1', undefined],
  ['GET /api/things/1/2', undefined],
  ['GET /api/things', undefined],
  ['GET //', undefined],
])('%s is taken to %s', (request, part) => {
  expect(partOf(MAP, request)).toBe(part);
});

it('is the same however the rows are sorted, with one line for a path of a part', () => {
  const reversed = Object.fromEntries(
    Object.entries(ROWS)
      .map(([part, rows]) => [part, rows.toReversed()] as const)
      .toReversed(),
  );
  expect(proxyMap(reversed)).toBe(proxyMap());
  const own = proxyMap({ 'write-side': ROWS['write-side'] }).split('\n');
  // A path that would be an id of another one has a line beside, for the methods that it has not.
  expect(own.filter((line) => line.endsWith(' write_side;'))).toHaveLength(new Set(ROWS['write-side'].map(({ path }) => path)).size);
});

it('every part that answers rows stands behind the proxy', () => {
  const parts = Object.entries(ROWS).flatMap(([part, rows]) => (rows.length > 0 ? [part] : []));
  expect(BEHIND).toEqual(expect.arrayContaining(parts));
});
