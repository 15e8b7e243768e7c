/** The image by Dockerfile and .dockerignore: its files, and the pages that are built from them. `npm run compose:check` builds it. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, matchesGlob, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** The programs that the image's containers run, and the one that its pages are built by. */
const PROGRAMS = ['main.ts', 'servers/first-start.ts', 'servers/mongodb-first-start.ts', 'app/checkout.ts'];

const LINES = text('.dockerignore')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'));

/**
 * True for a file that .dockerignore lets in. As docker reads it: of the lines that match a file, or a folder that it lies in, the last one
 * decides. To docker a name with a dot before it is like any other.
 */
function isInImage(file: string): boolean {
  const parts = file.replaceAll(/(^|\/)\./g, '$1dot-').split('/');
  const places = parts.map((_, n) => parts.slice(0, n + 1).join('/'));
  const last = LINES.findLast((line) => places.some((place) => matchesGlob(place, line.replace(/^!/, ''))));
  return last?.startsWith('!') ?? true;
}

/** These programs and all files that they import, in whichever way, directly or not. */
function importedBy(programs: readonly string[]): Set<string> {
  const found = new Set(programs);
  for (const file of found) {
    if (!/\.tsx?$/.test(file)) continue;
    const specifiers = text(file).matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+|\bnew URL\(\s*)'(\.[^']*\.\w+)'/gm);
    for (const [, specifier = ''] of specifiers) found.add(normalize(join(dirname(file), specifier)));
  }
  return found;
}

it('holds every file that its programs import', () => {
  const files = [...importedBy(PROGRAMS)];
  expect(files.length).toBeGreaterThan(200);
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  expect(files.filter((file) => !isInImage(file))).toEqual([]);
});

it('holds no test, no setting of somebody’s and nobody’s data, wherever that lies beside the code', () => {
  const others = ['data/secrets.db', 'elsewhere/running.json', 'kept/2026/events.db', '.env', 'app/parts.test.ts', 'platform/cache/cache.suite.ts'];
  const more = [
    'node_modules/koa/package.json',
    'dist/web/index.html',
    'realtime/client/dist/index.html',
    'docs/PARTS.md',
    'bench/main.ts',
    '.git/config',
    'servers/ferretdb/main.go',
  ];
  expect([...others, ...more].filter(isInImage)).toEqual([]);
});

it('has its pages built from what it holds, by the Dockerfile’s own line', () => {
  const app = mkdtempSync(join(tmpdir(), 'image-'));
  try {
    const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' });
    for (const file of tracked.split('\n').filter(Boolean)) if (isInImage(file)) cpSync(join(ROOT, file), join(app, file));
    symlinkSync(join(ROOT, 'node_modules'), join(app, 'node_modules'));
    const [, build = ''] = /^RUN node --input-type=module -e "([^"]+)"/m.exec(text('Dockerfile')) ?? [];
    execFileSync(process.execPath, ['--input-type=module', '-e', build], { cwd: app });
    expect(existsSync(join(app, 'dist/web/index.html'))).toBe(true);
    expect(execFileSync(process.execPath, ['main.ts', 'help'], { cwd: app, encoding: 'utf8' })).toContain('npm start -- <part>');
  } finally {
    rmSync(app, { recursive: true, force: true });
  }
});
