import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, matchesGlob } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' }).split('\n');
const PAGES = FILES.filter((file) => file.endsWith('.md'));
const FOLDERS = new Set(FILES.filter((file) => /^\w.*\//.test(file)).map((file) => file.split('/')[0] ?? ''));
const ENDING = /\.(tsx?|md|json|ya?ml|html|css|template)$/;

/** Files that a running process or an operator makes, or that come from elsewhere. */
const NOT_OURS = ['running.json', 'Messages.json', '.package-lock.json', 'docker-compose.override.yml'];
/** The tutorial names what its reader makes. */
const MADE_THERE: Readonly<Record<string, RegExp>> = { 'docs/ADD-AN-AGGREGATE.md': /vehicle/ };

interface Named {
  page: string;
  path: string;
}

/** What a page names in backticks that looks like a file or a folder of ours; blocks of code are other tests' business. */
function namedIn(page: string): Named[] {
  const prose = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  const words = [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, code = '']) => code.split(/\s+/));
  const paths = words.filter((word) => /^[\w.*{}][\w./*{},-]*$/.test(word) && (ENDING.test(word) || FOLDERS.has(word.split('/')[0] ?? '')));
  // A folder's name alone is a word like any other, as `projections`; an ending alone is no file.
  return paths.filter((path) => /\w/.test(path.replace(ENDING, '')) && (path.includes('/') || path.includes('.'))).map((path) => ({ page, path }));
}

/** True for a file, a folder or a pattern of some; from the project's folder or the page's own. A pattern without a folder is one of names. */
function isThere({ page, path }: Named): boolean {
  if (path.startsWith('*') && !path.includes('/')) return FILES.some((file) => matchesGlob(file, `**/${path}`));
  return [path, join(dirname(page), path)].some((one) => {
    const folder = one.endsWith('/') ? one : `${one}/`;
    return FILES.some((file) => file === one || file.startsWith(folder) || matchesGlob(file, one) || matchesGlob(file, `${folder}**`));
  });
}

it('every file and folder that a page names is there, and named by its whole path', () => {
  const named = PAGES.flatMap(namedIn);
  expect(named.length).toBeGreaterThan(150);
  const missing = named.filter((one) => !NOT_OURS.includes(one.path.split('/').at(-1) ?? '') && !MADE_THERE[one.page]?.test(one.path));
  expect(missing.filter((one) => !isThere(one))).toEqual([]);
});

it('every TypeScript file that a comment names is there', () => {
  const names = new Set(FILES.flatMap((file) => [file, file.split('/').at(-1)]));
  const missing = FILES.filter((file) => /\.(tsx?|yml|template)$|^Dockerfile$/.test(file)).flatMap((file) => {
    const comments = readFileSync(join(ROOT, file), 'utf8').match(/^\s*(\/?\*|\/\/|#).*$/gm) ?? [];
    const named = comments.flatMap((line) => [...line.matchAll(/(?<![\w./*'-])[\w-][\w./-]*\.tsx?\b(?!')/g)].map(([path]) => path));
    return named.filter((path) => !names.has(path)).map((path) => `${file}: ${path}`);
  });
  expect(missing).toEqual([]);
});
