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
