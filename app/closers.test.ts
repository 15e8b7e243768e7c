import { expect, it } from 'vitest';
import { openClosers } from './closers.ts';

it('what was opened last is closed first, once', async () => {
  const closed: string[] = [];
  const closers = openClosers();
  closers.add('store', (it) => closed.push(it));
  closers.closing({ close: () => closed.push('bus') });
  await closers.closeAll();
  await closers.closeAll();
  expect(closed).toEqual(['bus', 'store']);
});

it('what cannot be closed keeps nothing else open, and its error is told at the end', async () => {
  const closed: string[] = [];
  const { closing, closeAll } = openClosers();
  closing({ close: async () => closed.push('store') });
  closing({ close: () => Promise.reject(new Error('the cache')) });
  closing({
    close: () => {
      throw new Error('the bus');
    },
  });
  await expect(closeAll()).rejects.toThrow('the bus');
  expect(closed).toEqual(['store']);
});
