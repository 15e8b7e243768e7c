import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const settings = (name: string) => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));

/** Folders with code; what begins with a dot has none. */
function foldersOfCode(): string[] {
  const files = execFileSync('git', ['ls-files'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
  const folders = files.filter((file) => file.includes('/')).map((file) => file.split('/')[0] ?? '');
  return [...new Set(folders)].filter((folder) => !folder.startsWith('.')).toSorted();
}

it('types, lint and tests look into every folder of the project by its name, and into no other: data may lie beside them, whatever its folder is called', () => {
  const folders = foldersOfCode();
  // vitest.config.ts takes its folders from here.
  expect(settings('tsconfig.json').include).toEqual(['*.ts', ...folders]);
  const looked: string[] = settings('biome.json').files.includes;
  expect(looked.filter((one) => !one.startsWith('!') && one.includes('/'))).toEqual(folders.map((folder) => `${folder}/**`));
  expect(looked.filter((one) => !one.includes('/'))).toEqual(['*.ts', 'biome.json', 'package.json', 'tsconfig.json']);
});

it('every library has one version, and those that run are held to what was locked', () => {
  const { dependencies, devDependencies } = settings('package.json');
  expect(Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  const locked: Record<string, { version?: string; integrity?: string; resolved?: string; dev?: true }> = settings('package-lock.json').packages;
  const libraries = Object.entries(locked).filter(([path, { dev }]) => path !== '' && !dev);
  expect(libraries.length).toBeGreaterThan(200);
  // A library without a place of its own is of the registry; the hash of its content holds it to what was locked.
  expect(libraries.filter(([, { version, integrity, resolved }]) => !version || !integrity?.startsWith('sha512-') || resolved)).toEqual([]);
});
