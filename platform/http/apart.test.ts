import { expect, it } from 'vitest';
import { isAt } from './apart.ts';

it('knows an origin by the host that a request names, however it is written', () => {
  for (const host of ['files.example.org', 'FILES.example.org', 'files.example.org:443'])
    expect(isAt('https://files.example.org', host), host).toBe(true);
  for (const host of ['', undefined, 'example.org', 'files.example.org:80', 'files.example.org.evil.org', 'files.example.org@evil.org', 'a b', '/x'])
    expect(isAt('https://files.example.org', host), host).toBe(false);
  expect(isAt('http://127.0.0.1:3001', '127.0.0.1:3001')).toBe(true);
  expect(isAt('http://127.0.0.1:3001', '127.0.0.1:3000')).toBe(false);
});
