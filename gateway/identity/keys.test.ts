import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadKeys } from './keys.ts';
import { openSecrets } from './secrets/open.ts';
import type { Secrets } from './secrets/secrets.ts';

let dataDir: string;
let secrets: Secrets;
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'keys-'));
  secrets = await openSecrets('sqlite:', { dataDir, log: { warn: () => {} } });
});
afterEach(async () => {
  await secrets.close();
  rmSync(dataDir, { recursive: true });
});

it('keys are made once, the same for all who load them at once and later', async () => {
  const loaded = await Promise.all([loadKeys(secrets, {}), loadKeys(secrets, {}), loadKeys(secrets, {})]);
  loaded.push(await loadKeys(secrets, {}));
  expect(new Set(loaded.map((keys) => keys.hmac('a')))).toHaveProperty('size', 1);
  expect(loaded.every((keys) => loaded[0]?.jwt.equals(keys.jwt))).toBe(true);
  expect(loaded[0]?.hmac('a')).toMatch(/^[0-9a-f]{64}$/);
  expect(loaded[0]?.hmac('a')).not.toBe(loaded[0]?.hmac('b'));
});

it('a configured JWT_SECRET is the key, and is not stored', async () => {
  const jwtSecret = 'a secret of at least thirty-two bytes';
  const { jwt } = await loadKeys(secrets, { jwtSecret });
  expect(jwt.export().toString()).toBe(jwtSecret);
  expect(JSON.stringify(await secrets.list('keys', 'installation'))).not.toContain(jwtSecret);
});

it('a JWT_SECRET too short to be one is refused by name', async () => {
  await expect(loadKeys(secrets, { jwtSecret: 'changeme' })).rejects.toThrow(/^JWT_SECRET: must have at least 32 bytes/);
});
