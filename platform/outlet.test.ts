import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';

const HERE = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);

/** Runs a program that has `log`, a log, and `outletOf`. Its standard error is a pipe. */
function run(program: string) {
  const source = `
    const { outletOf } = await import(${HERE('./outlet.ts')});
    const { openProcessLog } = await import(${HERE('./log.ts')});
    const log = openProcessLog({ base: null, timestamp: false });
    ${program}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const MANY = 'for (let n = 0; n < 10_000; n++) log.info({ n });';
const numbers = (lines: string[]) => lines.map((line) => JSON.parse(line).n);

it.each([
  ['ends by itself', '', 0],
  ['is ended', 'process.exit(3);', 3],
  ['ends after a line of its own', "outletOf(2).write('the last\\n'); process.exit(1);", 1],
])('every line is written, in order, by a process that %s', { timeout: 30_000 }, async (_, last, code) => {
  const child = run(`${MANY} ${last}`);
  const [all] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect(child.exitCode).toBe(code);
  const lines = all.trimEnd().split('\n');
  if (last.includes('the last')) expect(lines.pop()).toBe('the last');
  expect(numbers(lines)).toEqual([...Array(10_000).keys()]);
});

it('a line of level fatal is out before a process that kills itself in the same turn', { timeout: 30_000 }, async () => {
  const child = run("log.info({ n: 0 }); log.fatal({ n: 1 }); process.kill(process.pid, 'SIGKILL');");
  const all = await text(child.stderr);
  expect(numbers(all.trimEnd().split('\n'))).toEqual([0, 1]);
});

it('a slow reader gets every line, in order', { timeout: 60_000 }, async () => {
  const child = run(`${MANY} setTimeout(() => {}, 5_000);`);
  let all = '';
  for await (const piece of child.stderr) {
    all += piece;
    await delay(50);
  }
  expect(numbers(all.trimEnd().split('\n'))).toEqual([...Array(10_000).keys()]);
});

it('an event loop with a reader that stands still turns as before, and the process ends', { timeout: 60_000 }, async () => {
  const child = run(`
    let turns = 0;
    const line = 'x'.repeat(1_000);
    const timer = setInterval(() => { for (let n = 0; n < 100; n++) log.info(line); if (++turns === 50) process.exit(7); }, 10);`);
  // Nobody reads child.stderr.
  await once(child, 'exit');
  expect(child.exitCode).toBe(7);
});
