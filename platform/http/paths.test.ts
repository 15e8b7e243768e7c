import { expect, it } from 'vitest';
import { methodsByPath, namedFirst } from './paths.ts';

const ROWS = [
  { method: 'GET', path: '/' },
  { method: 'GET', path: '/things/:id' },
  { method: 'PUT', path: '/things/:name' },
  { method: 'POST', path: '/things/send' },
  { method: 'DELETE', path: '/:kind/:id' },
  { method: 'POST', path: '/things/:id/size' },
] as const;

it.each([
  ['/', ['GET', 'HEAD']],
  ['/things/1', ['GET', 'HEAD', 'PUT']],
  ['/things/1/', ['GET', 'HEAD', 'PUT']],
  ['/things/send', ['POST']],
  ['/things/send/', ['POST']],
  ['/things/Send', ['GET', 'HEAD', 'PUT']],
  ['/others/send', ['DELETE']],
  ['/things/send/size', ['POST']],
  ['/things/', []],
  ['/things//', []],
  ['//', []],
  ['', []],
])('at %s there are %j', (path, methods) => {
  for (const rows of [ROWS, ROWS.toReversed()]) expect([...methodsByPath(rows)(path)].toSorted()).toEqual(methods);
});

it('of rows that fit one path the one with names comes first, however they are sorted', () => {
  for (const rows of [ROWS, ROWS.toReversed()])
    expect(
      namedFirst(rows)
        .map(({ path }) => path)
        .filter((path) => path.split('/').length === 3),
    ).toEqual(['/things/send', expect.stringMatching(/^\/things\/:/), expect.stringMatching(/^\/things\/:/), '/:kind/:id']);
});
