import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MODULES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.tsx'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !/\.(test|suite|fixture)\.tsx?$|^(system|bench)\//.test(file));

/** Names that several modules export, each with the reason. */
const SHARED: Readonly<Record<string, string>> = {
  evolve: 'a decider’s own, for its specification',
  initial: 'a decider’s own, for its specification',
  fromPosition: 'how an event store writes positions: one pair for each implementation',
  toPosition: 'how an event store writes positions: one pair for each implementation',
  missing: 'why a server cannot run here: one for each server',
  Position: 'the browser library has no imports, and its types are its own',
  kinds: 'the page’s stand-in has the name of what it stands in for',
  KINDS: 'the page’s stand-in has the name of what it stands in for',
};

it('a name is exported by one module, or stands in the list of those that several have', () => {
  const modules = new Map<string, string[]>();
  for (const file of MODULES) {
    const names = readFileSync(join(ROOT, file), 'utf8').matchAll(/^export (?:async )?(?:const|let|function|class|interface|type) (\w+)/gm);
    for (const name of new Set([...names].map(([, found = '']) => found))) modules.set(name, [...(modules.get(name) ?? []), file]);
  }
  const several = [...modules].filter(([, files]) => files.length > 1);
  expect(several.filter(([name]) => !SHARED[name])).toEqual([]);
  expect(Object.keys(SHARED).filter((name) => !several.some(([one]) => one === name))).toEqual([]);
});
