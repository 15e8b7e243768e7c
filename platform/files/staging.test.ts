import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeStaging } from './staging.ts';

it('what a copy that was killed has left is removed by the next one, and that of one at work, and of others, is not', () => {
  const beside = mkdtempSync(join(tmpdir(), 'staging-'));
  onTestFinished(() => rmSync(beside, { recursive: true }));
  for (const name of ['taskledger-copy-aB3dE6', 'taskledger-copy-of-mine', 'other']) {
    mkdirSync(join(beside, name));
    writeFileSync(join(beside, name, 'one'), 'a file of somebody');
  }
  const atWork = makeStaging(beside);
  writeFileSync(join(atWork.path, 'one'), 'a file under way');
  const next = makeStaging(beside);
  expect(readdirSync(beside)).not.toContain('taskledger-copy-aB3dE6');
  expect([existsSync(join(atWork.path, 'one')), existsSync(next.path)]).toEqual([true, true]);
  for (const one of [atWork, next]) one.remove();
  expect(readdirSync(beside).sort()).toEqual(['other', 'taskledger-copy-of-mine']);
});
