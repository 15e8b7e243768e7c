import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CODE_PURPOSES } from '../../contracts/places.ts';
import { readFragment } from './fragment.ts';
import { forgetWanted, rememberWanted, takeWanted } from './wanted.ts';

const CODE = fc.stringMatching(/^[\w-]{1,60}$/);

describe('the fragment of an address', () => {
  it('brings the code of a mailed link, whichever way it is written, to the place of its purpose', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CODE_PURPOSES), CODE, (purpose, token) => {
        const read = { path: `/${purpose}`, link: { purpose, token } };
        expect(readFragment({ pathname: '/', hash: `#${purpose}=${token}` })).toEqual(read);
        expect(readFragment({ pathname: `/${purpose}`, hash: `#${purpose}=${token}` })).toEqual(read);
        if (!['task', 'forgotten', ...CODE_PURPOSES].includes(token))
          expect(readFragment({ pathname: `/${purpose}`, hash: `#${token}` })).toEqual(read);
      }),
    );
  });

  it('names places as mails of before do, never one of another site, and nothing else', () => {
    expect(readFragment({ pathname: '/', hash: '#task=7' })).toEqual({ path: '/tasks/7', link: null });
    expect(readFragment({ pathname: '/', hash: '#task=/../../evil' })).toEqual({ path: '/tasks/%2F..%2F..%2Fevil', link: null });
    expect(readFragment({ pathname: '/me', hash: '#forgotten' })).toEqual({ path: '/forgotten', link: null });
    for (const hash of ['', '#', '#confirm', '#confirm=', '#other=1', '#section']) expect(readFragment({ pathname: '/', hash })).toBeNull();
  });
});

describe('the place that was wanted', () => {
  afterEach(() => vi.unstubAllGlobals());

  function kept(entries: Record<string, string> = {}): void {
    const all = new Map(Object.entries(entries));
    vi.stubGlobal('sessionStorage', {
      getItem: (key: string) => all.get(key) ?? null,
      setItem: (key: string, value: string) => all.set(key, value),
      removeItem: (key: string) => all.delete(key),
    });
  }

  it('is come back to once, and not where it was only on the way', () => {
    kept();
    rememberWanted('/tasks/7?a=1');
    for (const way of ['/login', '/register', '/forgotten', '/confirm', '/invitation']) {
      rememberWanted(way);
      forgetWanted(way);
    }
    expect([takeWanted(), takeWanted()]).toEqual(['/tasks/7?a=1', '/']);
    rememberWanted('/me');
    forgetWanted('/');
    expect(takeWanted()).toBe('/');
  });

  it('is a path of this site, whatever was kept', () => {
    for (const evil of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '']) {
      kept({ 'taskledger.wanted': evil });
      expect(new URL(takeWanted(), 'https://tasks.example.org').origin).toBe('https://tasks.example.org');
      kept({ 'taskledger.wanted': evil });
      expect(takeWanted()).toBe('/');
    }
  });
});
