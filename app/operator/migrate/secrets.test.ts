import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openSecrets } from '../../../gateway/identity/secrets/open.ts';
import { type Secrets, SecretsUnavailable } from '../../../gateway/identity/secrets/secrets.ts';
import { compareSecrets, copySecrets } from './secrets.ts';

async function opened(): Promise<Secrets> {
  const dataDir = mkdtempSync(join(tmpdir(), 'moved-secrets-'));
  const secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {}, error: () => {} } });
  onTestFinished(async () => {
    await secrets.close();
    rmSync(dataDir, { recursive: true });
  });
  return secrets;
}

it('secrets are all moved, though the target gives the turn to write to somebody else now and then', async () => {
  const [source, target] = [await opened(), await opened()];
  for (let n = 0; n < 4; n++) await source.put('credentials', { key: `user ${n}`, value: `hash ${n}`, owner: `user ${n}` });
  await target.put('credentials', { key: 'of nobody any more', value: 'hash', owner: 'nobody' });
  let calls = 0;
  const shaky =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (calls++ % 2 === 0) throw new SecretsUnavailable('the turn to write was lost');
      return call(...args);
    };
  await copySecrets(source, { ...target, restore: shaky(target.restore), delete: shaky(target.delete) });
  expect(await compareSecrets(source, target)).toBe(4);
  expect(calls).toBe(10);
});
