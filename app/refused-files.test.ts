import { expect, it } from 'vitest';
import { StoreDamaged } from '../platform/event-store/event-store.ts';
import { UserError } from '../platform/user-error.ts';
import { readConfig } from './config.ts';
import { asRefusedFile, namingItsFile } from './refused-files.ts';

const config = readConfig({ DATA_DIR: '/nowhere/data' });
const opening = (need: Parameters<typeof namingItsFile>[0], error: Error) => namingItsFile(need, config, () => Promise.reject(error));
const ofSystem = (code: string, syscall = 'open') => Object.assign(new Error(`${code}: so it is`), { code, syscall });

it('a checkout that can only be read, without built pages, is named, and where they can be had', async () => {
  // Node's own code for a folder that cannot be made there.
  for (const error of [ofSystem('ENOENT', 'mkdir'), ofSystem('EROFS', 'mkdir')])
    await expect(opening('pages', error)).rejects.toThrow(/dist\/web: .*can only be read.*copy its dist\/web/);
});

it('a file that is refused is named with its port; damage, servers and mistakes are left as they are', async () => {
  const refused = opening('secrets', new UserError('restore it from a backup', { cause: ofSystem('ENOSPC') }));
  await expect(refused).rejects.toThrow(/^The secrets file \/nowhere\/data\/secrets\.db cannot be used: its disk is full.*Make room/);
  for (const error of [new StoreDamaged('damaged'), ofSystem('ECONNREFUSED', 'connect'), new TypeError('a mistake')])
    await expect(opening('store', error)).rejects.toBe(error);
});

it('a start that is refused a file later on is one line, too', () => {
  const error = asRefusedFile(Object.assign(new Error('database or disk is full'), { errcode: 13 }), config);
  expect(error).toBeInstanceOf(UserError);
  expect((error as Error).message).toMatch(/^The start with DATA_DIR \/nowhere\/data failed .*Make room/);
  const mistake = new TypeError('a mistake');
  expect(asRefusedFile(mistake, config)).toBe(mistake);
});
