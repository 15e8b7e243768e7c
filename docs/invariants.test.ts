import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/INVARIANTS.md'), 'utf8');

interface Named {
  path: string;
  name: string;
}

/** The page's invariants, each with the tests that it names. */
const invariants = PAGE.split(/^(?=\*\*\d+\. )/m)
  .slice(1)
  .map((text) => ({
    number: Number(/\d+/.exec(text)?.[0]),
    tests: [...text.matchAll(/^- `([^`]+)` › (.+)$/gm)].map(([, path = '', name = '']): Named => ({ path, name })),
  }));

/** True where the file has a test, or a group of tests, whose name is or begins with this one. */
function isThere({ path, name }: Named): boolean {
  if (!existsSync(join(ROOT, path))) return false;
  const source = readFileSync(join(ROOT, path), 'utf8');
  const at = ["'", '"', '`'].map((quote) => source.indexOf(`(${quote}${name}`)).find((found) => found >= 0) ?? -1;
  // `it(`, `test.skipIf(…)(`, `describe.each([…])(`: a call of theirs begins the line.
  return at >= 0 && /^\s*(it|test|describe)\b/.test(source.slice(source.lastIndexOf('\n', at) + 1));
}

it('the invariants are 1 to 26, each with tests that are there', () => {
  expect(invariants.map((one) => one.number)).toEqual(Array.from({ length: 26 }, (_, index) => index + 1));
  expect(invariants.filter((one) => one.tests.length === 0)).toEqual([]);
  expect(invariants.flatMap((one) => one.tests).filter((test) => !isThere(test))).toEqual([]);
});

/** Where what must be pure is registered: a new aggregate's or policy's file is reached from here by itself. */
const REGISTRIES = [
  'contracts/**/*.ts',
  'write-side/deciders.ts',
  'projections/projectors.ts',
  'notifier/registries.ts',
  'write-side/workers/order-rules.ts',
];

/** Files and all that they import for more than types, and so on. */
function withImports(files: readonly string[], reached = new Set<string>()): Set<string> {
  for (const file of files) {
    if (reached.has(file)) continue;
    reached.add(file);
    const source = readFileSync(join(ROOT, file), 'utf8');
    const imported = [...source.matchAll(/^(?:import|export) (?!type )[^;']*from '(\.[^']+)'/gm)].map(([, path = '']) => join(dirname(file), path));
    withImports(imported, reached);
  }
  return reached;
}

it('invariant 5: what decides and folds neither asks the time, nor rolls dice, nor reads or writes anything, and imports nothing that does', () => {
  const registries = globSync(REGISTRIES, { cwd: ROOT }).filter((path) => !/\.(test|suite|fixture)\.ts$/.test(path));
  const files = [...withImports(registries)];
  const registered = ['write-side/deciders', 'projections/projectors', 'notifier/policies'].map((folder) =>
    files.filter((path) => path.startsWith(`${folder}/`)),
  );
  for (const some of registered) expect(some.length).toBeGreaterThan(1);
  // A hash, and the way a domain is written, are functions of what they are given; everything else of Node's does something.
  const impure =
    /\bDate\.now\b|new Date\(\)|\bperformance\b|Math\.random|\brandom\w*\(|from 'node:(?!crypto'|url')|\bprocess\.|\bfetch\(|\bset(Timeout|Interval|Immediate)\b/g;
  const found = files.flatMap((path) => [...readFileSync(join(ROOT, path), 'utf8').matchAll(impure)].map(([what]) => `${path}: ${what}`));
  expect(found).toEqual([]);
});
