import { expect, it } from 'vitest';
import { isAmong, isAt, originOf } from './origins.ts';

it('knows an origin by the host that a request names, however it is written', () => {
  for (const host of ['files.example.org', 'FILES.example.org', 'files.example.org:443', 'files.example.org.', 'files.example.org.:443'])
    expect(isAt('https://files.example.org', host), host).toBe(true);
  for (const host of [
    '',
    undefined,
    'example.org',
    'files.example.org:80',
    'files.example.org..',
    'files.example.org.evil.org',
    'files.example.org@evil.org',
    'a b',
    '/x',
  ])
    expect(isAt('https://files.example.org', host), host).toBe(false);
  expect(isAt('https://files.example.org', 'files.example.org/x')).toBe(false);
  expect(isAt('http://127.0.0.1:3001', '127.0.0.1:3001')).toBe(true);
  expect(isAt('http://127.0.0.1:3001', '127.0.0.1:3000')).toBe(false);
});

it('reads an origin as URLs are read, and takes nothing that is more or less than one', () => {
  for (const text of ['https://board.example.org', 'HTTPS://Board.Example.org', 'https://board.example.org:443'])
    expect(originOf(text), text).toBe('https://board.example.org');
  expect(originOf('http://[::1]:80')).toBe('http://[::1]');
  for (const text of [
    '',
    'null',
    'board.example.org',
    'https://',
    'https://a@b',
    'https://a/',
    'https://a?',
    'https://a#',
    'file://a',
    'https://a b',
    'https://a\\b',
  ])
    expect(originOf(text), text).toBeNull();
});

it('finds an origin among others by what it names', () => {
  const origins = ['https://board.example.org', 'http://localhost:5173'];
  for (const origin of ['https://BOARD.example.org:443', 'http://localhost:5173']) expect(isAmong(origins, origin), origin).toBe(true);
  for (const origin of ['http://board.example.org', 'https://board.example.org:444', 'http://localhost', 'null', '', undefined])
    expect(isAmong(origins, origin), origin).toBe(false);
});
