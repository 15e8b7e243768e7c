import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/ADD-AN-AGGREGATE.md'), 'utf8');
/** What an aggregate may cost in files that are there already, but for tables of tests: without a notification, and with one. */
const AT_MOST = { commandsAndQueries: 4, all: 6 };
const NOTIFICATION = '\n## 5. ';

const run = promisify(execFile);
let copy: string;
const git = (...args: string[]) => execFileSync('git', args, { cwd: copy, encoding: 'utf8' });

/** A copy of what git knows here, committed, with the same packages. */
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'tutorial-'));
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8' });
  for (const file of files.split('\0').filter(Boolean)) cpSync(join(ROOT, file), join(copy, file), { force: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  git('init', '-q');
  git('add', '--all');
  git('-c', 'user.name=test', '-c', 'user.email=test@example.org', 'commit', '-q', '-m', 'as it is');
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Makes the files and the changes of a stretch of the page. */
function apply(stretch: string): void {
  for (const [, kind, path = '', block = ''] of stretch.matchAll(/^```(ts|text|diff) (\S+)\n([\s\S]*?)^```$/gm)) {
    const file = join(copy, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, kind === 'diff' ? changed(readFileSync(file, 'utf8'), block, path) : block);
  }
}

/** Lines that begin with a blank are looked for; those with a plus are put after the one before them, and one with a minus is taken away. */
function changed(text: string, diff: string, path: string): string {
  const lines = text.split('\n');
  let at = -1;
  for (const line of diff.trimEnd().split('\n')) {
    const [sign, rest] = [line[0], line.slice(1)];
    if (sign === '+') lines.splice(++at, 0, rest);
    else {
      at = lines.indexOf(rest, Math.max(0, at));
      expect(at, `${path} has no line: ${rest}`).toBeGreaterThanOrEqual(0);
      if (sign === '-') lines.splice(at--, 1);
    }
  }
  return lines.join('\n');
}

/** Files of before that git shows as changed, without tests. */
const touched = () =>
  git('diff', '--name-only')
    .split('\n')
    .filter((file) => file !== '' && !file.endsWith('.test.ts'));

/** Runs one of the project's programs in the copy; fails with all that it said. */
async function inCopy(program: string, ...args: string[]): Promise<void> {
  const env = { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' };
  const said = await run(process.execPath, [join(copy, program), ...args], { cwd: copy, env, maxBuffer: 2 ** 26 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  expect('code' in said ? `${program}: ${said.stdout}${said.stderr}` : '').toBe('');
}
const inBin = (name: string, ...args: string[]) => inCopy(BIN[name] ?? '', ...args);
const BIN: Readonly<Record<string, string>> = {
  biome: 'node_modules/@biomejs/biome/bin/biome',
  tsc: 'node_modules/typescript/bin/tsc',
  vitest: 'node_modules/vitest/vitest.mjs',
};

it('an aggregate with commands and queries costs a line in each of four registries', { timeout: 300_000 }, async () => {
  apply(PAGE.slice(0, PAGE.indexOf(NOTIFICATION)));
  expect(touched().length).toBeLessThanOrEqual(AT_MOST.commandsAndQueries);
  await inCopy('docs/generate.ts');
  await inBin('tsc', '-p', '.');
  await inBin('biome', 'check', '.');
});

it('with a notification it costs two more, and then everything holds', { timeout: 600_000 }, async () => {
  git('checkout', '-q', '--', '.');
  apply(PAGE);
  expect(touched().length).toBeLessThanOrEqual(AT_MOST.all);
  await inCopy('docs/generate.ts');
  await inBin('tsc', '-p', '.');
  await inBin('biome', 'check', '.');
  // All that looks at the catalog as a whole, and what the page itself made.
  await inBin(
    'vitest',
    'run',
    'vehicle',
    'app/queues',
    'contracts/',
    'docs/generate',
    'docs/invariants',
    'docs/architecture',
    'gateway/docs',
    'docs/names',
    'docs/paths',
    'docs/proxy-map',
    'notifier/policies',
    'notifier/registries',
    'notifier/render',
    'notifier/withdrawn',
    'projections/projectors',
    'read-side/registry',
    'realtime/topics',
    'realtime/build-client',
    'system/histories',
    'system/live-topics',
    'write-side/deciders',
  );
});

it('a line of the page that is not in its file is named', () => {
  expect(changed('a\nb\nc', ' b\n+new\n-c\n+d\n', 'x.ts')).toBe('a\nb\nnew\nd');
  expect(() => changed('a', ' b\n+c\n', 'x.ts')).toThrow('x.ts has no line: b');
});
