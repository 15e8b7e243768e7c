import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/SECURITY.md'), 'utf8');

/** The requirements of levels 1 and 2 of OWASP ASVS 5.0.0: the numbers of each section, as `1-9` or `1 2 4`. */
const SECTIONS: Readonly<Record<string, string>> = {
  ...{ '1.1': '1-2', '1.2': '1-9', '1.3': '1-11', '1.4': '1-3', '1.5': '1-2' },
  ...{ '2.1': '1-3', '2.2': '1-3', '2.3': '1-4', '2.4': '1' },
  ...{ '3.2': '1-2', '3.3': '1-4', '3.4': '1-6', '3.5': '1-5', '3.7': '1-2' },
  ...{ '4.1': '1-3', '4.2': '1', '4.3': '1-2', '4.4': '1-4' },
  ...{ '5.1': '1', '5.2': '1-3', '5.3': '1-2', '5.4': '1-3' },
  ...{ '6.1': '1-3', '6.2': '1-12', '6.3': '1-4', '6.4': '1-4', '6.5': '1-5', '6.6': '1-3', '6.8': '1-4' },
  ...{ '7.1': '1-3', '7.2': '1-4', '7.3': '1-2', '7.4': '1-5', '7.5': '1-2', '7.6': '1-2' },
  ...{ '8.1': '1-2', '8.2': '1-3', '8.3': '1', '8.4': '1' },
  ...{ '9.1': '1-3', '9.2': '1-4' },
  ...{ '10.1': '1-2', '10.2': '1-2', '10.3': '1-4', '10.4': '1-11', '10.5': '1-5', '10.6': '1-2', '10.7': '1-3' },
  ...{ '11.1': '1-2', '11.2': '1-3', '11.3': '1-3', '11.4': '1-4', '11.5': '1', '11.6': '1' },
  ...{ '12.1': '1-3', '12.2': '1-2', '12.3': '1-4' },
  ...{ '13.1': '1', '13.2': '1-5', '13.3': '1-2', '13.4': '1-5' },
  ...{ '14.1': '1-2', '14.2': '1-4', '14.3': '1-3' },
  ...{ '15.1': '1-3', '15.2': '1-3', '15.3': '1-7' },
  ...{ '16.1': '1', '16.2': '1-5', '16.3': '1-4', '16.4': '1-3', '16.5': '1-3' },
  ...{ '17.1': '1', '17.2': '1-4', '17.3': '1-2' },
};

function numbersOf([section, range]: [string, string]): string[] {
  const [first, last = first] = range.split('-').map(Number) as [number, number?];
  return Array.from({ length: (last ?? first) - first + 1 }, (_, index) => `${section}.${first + index}`);
}

/** The rows of the page's table, each with its cells. */
const rows = PAGE.split('\n')
  .filter((line) => /^\| \d+\.\d+\.\d+ \|/.test(line))
  .map((line) => line.slice(2, -2).split(' | '));

/** The test that a cell names, as `file` › beginning of its name; null where it names none. */
function testIn(cell = ''): { path: string; name: string } | null {
  const [, path, name] = /^`([^`]+)` › (.+)$/.exec(cell) ?? [];
  return path && name ? { path, name } : null;
}

/** True where the file has a test, or a row of a test's table, whose name begins so. */
function isThere({ path, name }: { path: string; name: string }): boolean {
  if (!existsSync(join(ROOT, path))) return false;
  const beginning = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const source = readFileSync(join(ROOT, path), 'utf8');
  const test = new RegExp(`^ *(it|test|describe)\\b.*\\((['"\`])${beginning}`, 'm');
  const rest = new RegExp(`^ *\\]( as const)?\\)\\((['"\`])${beginning}`, 'm');
  const row = new RegExp(`^ *\\[?\\n? *(['"\`])${beginning}\\1,`, 'm');
  return [test, rest, row].some((pattern) => pattern.test(source));
}

it('each requirement of levels 1 and 2 stands in the table once, in order, and nothing else does', () => {
  const numbers = Object.entries(SECTIONS).flatMap(numbersOf);
  expect(numbers).toHaveLength(253);
  expect(rows.map(([number]) => number)).toEqual(numbers);
});

it('each row says what is wanted, how it is met, and which test shows that, or why there is none', () => {
  expect(rows.filter((cells) => cells.length !== 4 || cells.some((cell) => cell.trim() === ''))).toEqual([]);
  const shown = rows.filter(([, , , cell]) => testIn(cell));
  expect(shown.length).toBeGreaterThanOrEqual(150);
  expect(rows.filter(([, , , cell]) => !testIn(cell) && cell !== '–')).toEqual([]);
  // Who does not apply, or is not met at all, has nothing to show.
  expect(shown.filter(([, , how = '']) => how.startsWith('does not apply'))).toEqual([]);
});

it('each test that the table names is there', () => {
  const named = rows.map(([, , , cell]) => testIn(cell)).filter((test) => test !== null);
  expect(named.filter((test) => !isThere(test))).toEqual([]);
});

it('the page counts its table rightly', () => {
  const notMet = rows.filter(([, , how = '']) => how.includes('not met'));
  const apart = rows.filter(([, , how = '']) => how.startsWith('does not apply'));
  const shown = rows.filter(([, , , cell]) => testIn(cell));
  const counts = `${rows.length} requirements: ${apart.length} do not apply, ${notMet.length} are not met or not wholly, ${shown.length} are shown by a test`;
  expect(PAGE).toContain(counts);
});
