/** Where the checkout lies, and where one stands when one starts it. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { buildClient } from '../realtime/build-client.ts';
import { caller } from './client.fixture.ts';
import { type Program, runScript } from './program.fixture.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEFT_OUT = ['node_modules', '.git', 'data', 'dist', '.env'];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'checkout-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A checkout of its own in a folder of this name, with built pages, and without data. */
async function checkout(name: string, { built = true } = {}): Promise<string> {
  const path = join(folder(), name);
  cpSync(ROOT, path, { recursive: true, filter: (source) => !LEFT_OUT.includes(relative(ROOT, source).split(sep)[0] ?? '') });
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  const web = join(path, 'dist', 'web');
  mkdirSync(web, { recursive: true });
  if (built) await buildClient(web);
  return path;
}

/** Runs the checkout; it is ended with the test, if it has not ended by itself. */
function run(path: string, env: Record<string, string>, cwd: string): Program {
  const program = runScript(join(path, 'main.ts'), [], env, cwd);
  onTestFinished(async () => void (await program.end('SIGKILL')));
  return program;
}

it('.env and ./data are those of the checkout, wherever one stands', { timeout: 120_000 }, async () => {
  const path = await checkout('here');
  writeFileSync(join(path, '.env'), 'PORT=0\nADMIN_PASSWORD="from the file"\nADMIN_EMAIL=file@example.org\nLOG_LEVEL=loud\n');
  const elsewhere = folder();
  writeFileSync(join(elsewhere, '.env'), 'PORT=70000\n');

  const program = run(path, { LOG_LEVEL: 'warn', ADMIN_EMAIL: 'environment@example.org' }, elsewhere);
  const url = await program.url();
  const call = caller(() => url);
  // What the environment says goes first.
  expect((await call('POST /api/login', { email: 'environment@example.org', password: 'from the file' })).status).toBe(200);
  expect(program.stdout()).not.toContain('password');
  expect(readdirSync(join(path, 'data'))).toContain('events.db');
  expect(readdirSync(elsewhere)).toEqual(['.env']);
  expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });

  writeFileSync(join(path, '.env'), 'PORT=0\nDATA_DIR=./from-env-file\n');
  const second = run(path, {}, elsewhere);
  await second.url();
  expect(readdirSync(join(path, 'from-env-file'))).toContain('events.db');

  // What is named where one stands lies there.
  const third = run(path, { DATA_DIR: './mine' }, elsewhere);
  await third.url();
  expect(readdirSync(join(elsewhere, 'mine'))).toContain('events.db');
});

it('a checkout whose path has # and ? works once its pages are built, and says so before', { timeout: 120_000 }, async () => {
  const path = await checkout('a#b?c %20', { built: false });
  const refused = run(path, { PORT: '0' }, tmpdir());
  expect(await refused.ended).toEqual({ code: 1, signal: null });
  expect(refused.stderr()).toMatch(/^taskledger: The web app cannot be built in \S+\/a#b\?c %20\/, because .*dist\/web.*\n$/);

  await buildClient(join(path, 'dist', 'web'));
  const program = run(path, { PORT: '0' }, tmpdir());
  const url = await program.url();
  expect(await (await fetch(url)).text()).toContain('<html');
  expect(readdirSync(join(path, 'data'))).toContain('events.db');
  expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });
});
