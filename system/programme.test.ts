import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PROGRAMME } from './programme.ts';

const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const TESTS = globSync('*/**/*.test.ts', { cwd: CHECKOUT, exclude: ['node_modules/**'] });
const textOf = (file: string) => readFileSync(`${CHECKOUT}${file}`, 'utf8');

it.each(PROGRAMME)(
  'the row $name has tests, each of its variables is read by our tests, and docs/FAULTS.md tells what came of it',
  ({ name, env, run }) => {
    if ('script' in run) expect(textOf(run.script)).not.toBe('');
    else
      for (const part of run.tests)
        expect(
          TESTS.filter((file) => file.includes(part)),
          part,
        ).not.toEqual([]);
    const fixtures = globSync('{system,platform}/**/*.{test,fixture}.ts', { cwd: CHECKOUT }).map(textOf);
    for (const variable of Object.keys(env))
      expect(
        fixtures.some((text) => text.includes(`process.env.${variable}`)),
        variable,
      ).toBe(true);
    expect(textOf('docs/FAULTS.md')).toContain(`\`npm run faults -- ${name}\``);
  },
);

/** The numbers that tests take where a variable is not set. */
function defaultsOf(variable: string): string[] {
  const files = globSync('{system,platform}/**/*.{test,fixture}.ts', { cwd: CHECKOUT });
  return files.flatMap((file) =>
    [...textOf(file).matchAll(new RegExp(`process\\.env\\.${variable} \\?\\? ([\\d_]+)`, 'g'))].flatMap(([, n = '']) => n),
  );
}

it.each(PROGRAMME)(
  'docs/FAULTS.md says what every run of the tests does of the row $name, with the numbers that the tests take by themselves',
  ({ name, env }) => {
    const short = new RegExp(`## Short forms[\\s\\S]*?\\| ${name} \\| (.*) \\|`).exec(textOf('docs/FAULTS.md'))?.[1] ?? '';
    expect(short).not.toBe('');
    for (const n of Object.keys(env).flatMap(defaultsOf))
      expect(short).toMatch(new RegExp(`\\b${Number(n.replace('_', '')).toLocaleString('en')}\\b`));
    for (const [, file = ''] of short.matchAll(/`([\w/.-]+\.test\.ts)`/g)) expect(TESTS).toContain(file);
  },
);
