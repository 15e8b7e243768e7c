import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** What each floor may import beside itself, as ARCHITECTURE.md says: folders, and of another side only what a written line names. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  platform: ['contracts/'],
  'write-side': ['contracts/', 'platform/'],
  projections: ['contracts/', 'platform/'],
  'read-side': ['contracts/', 'platform/', 'projections/'],
  notifier: ['contracts/', 'platform/', 'projections/', 'write-side/deciders/'],
  realtime: ['contracts/', 'platform/'],
  gateway: ['contracts/', 'platform/', 'write-side/deciders/', 'write-side/command-routes.ts'],
  media: ['contracts/', 'platform/', 'projections/', 'write-side/deciders/'],
  app: ['contracts/', 'platform/', 'write-side/', 'projections/', 'read-side/', 'notifier/', 'realtime/', 'gateway/', 'media/'],
  servers: ['contracts/', 'platform/', 'app/'],
};
const FLOORS = Object.keys(MAY);
/** Something of each folder, and of the root, that nobody on a floor below may import. */
const EXAMPLES = [
  ...FLOORS.map((floor) => `${floor}/some/thing.ts`),
  'write-side/handle-command.ts',
  'write-side/forwarder/forward.ts',
  'write-side/command-routes.ts',
  'write-side/deciders/task.ts',
  'gateway/identity/passwords.ts',
  'app/start.ts',
  'servers/first-start.ts',
  'system/program.fixture.ts',
  'bench/main.ts',
  'docs/generate.ts',
  'main.ts',
  'vitest.config.ts',
];
const isTest = (path: string) => /\.(test|suite|fixture)\.tsx?$/.test(path);
/** What tests may import of the folders that stand over all floors. */
const isForTests = (path: string) => /^(servers|system)\/.*\.fixture\.ts$/.test(path);

function mayImport(from: string, to: string): boolean {
  const floor = from.split('/')[0] ?? '';
  const may = MAY[floor];
  if (from === 'main.ts') return to.startsWith('app/') || to === 'package.json';
  if (!may) return true;
  if (isTest(from) && isForTests(to)) return true;
  if (!isTest(from) && isTest(to)) return false;
  return to.startsWith(`${floor}/`) || may.some((one) => to.startsWith(one));
}

/** Files that are there only for the lint, each with its imports. */
const broken = new Map<string, readonly string[]>();
for (const floor of FLOORS)
  for (const file of [`${floor}/a.ts`, `${floor}/some/b.ts`, `${floor}/a.test.ts`, `${floor}/some/b.fixture.ts`]) broken.set(file, EXAMPLES);
broken.set(
  'main.ts',
  EXAMPLES.filter((one) => one !== 'main.ts'),
);
const OF_BROWSERS = ['realtime/client/a.ts', 'realtime/client/components/a.tsx'];
for (const file of OF_BROWSERS)
  broken.set(file, ['platform/stable-id.ts', 'realtime/push.ts', 'gateway/pages.ts', 'contracts/task.ts', 'realtime/client/store.ts']);

interface Diagnostic {
  location: { path: string; start: { line: number } };
}

/** The imports that the lint refuses, by file: the project's own rules on a folder that holds nothing but these files. */
async function refusals(): Promise<Map<string, string[]>> {
  const folder = await mkdtemp(join(tmpdir(), 'walls-'));
  try {
    for (const settings of ['biome.json', '.gitignore']) await copyFile(join(ROOT, settings), join(folder, settings));
    for (const [file, imports] of broken) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), imports.map((to) => `import '${specifier(file, to)}';\n`).join(''));
    }
    const biome = join(ROOT, 'node_modules/.bin/biome');
    const linting = run(biome, ['lint', '--only=style/noRestrictedImports', '--reporter=json', '--max-diagnostics=none', '.'], {
      cwd: folder,
      maxBuffer: 2 ** 26,
    });
    const { stdout } = await linting.catch((error: { stdout: string }) => error);
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] };
    return new Map(
      [...broken].map(([file, imports]) => {
        const lines = diagnostics.filter(({ location }) => location.path === file).map(({ location }) => location.start.line);
        return [file, imports.filter((_, index) => lines.includes(index + 1))];
      }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

function specifier(from: string, to: string): string {
  const way = relative(dirname(from), to);
  return way.startsWith('.') ? way : `./${way}`;
}

it('the lint refuses whatever a floor may not import, and nothing else', async () => {
  const refused = await refusals();
  for (const [file, imports] of broken) {
    if (OF_BROWSERS.includes(file)) continue;
    const forbidden = imports.filter((to) => !mayImport(file, to));
    expect(forbidden.length, file).toBeGreaterThan(3);
    expect(refused.get(file), file).toEqual(forbidden);
  }
  for (const file of OF_BROWSERS) expect(refused.get(file), file).toEqual(broken.get(file)?.slice(0, 3));
});

/** What a file imports, whichever way it does. */
function importsOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  const found = source.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+|\bnew URL\(\s*)'(\.[^']*)'/gm);
  return [...found].map(([, specifier = '']) => normalize(join(dirname(file), specifier)));
}

async function sources(): Promise<string[]> {
  const { stdout } = await run('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'], { cwd: ROOT });
  return stdout.split('\n').filter(Boolean);
}

/** The project's folder and what is not code: who reads it says so by its path. */
const NO_CODE = (path: string) => path === '.' || /\.(json|md)$/.test(path);

it('no file imports from a floor above its own, by import, import() or URL', async () => {
  const found = (await sources()).flatMap((file) => {
    const above = importsOf(file).filter((to) => !mayImport(file, to) && !NO_CODE(to));
    // The worker processes of a part are the same program.
    return above.filter((to) => !(file.startsWith('app/') && to === 'main.ts')).map((to) => `${file} -> ${to}`);
  });
  expect(found).toEqual([]);
});
