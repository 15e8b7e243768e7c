/** What a process does whose standard error or standard output cannot be written, or whose reader stands still or goes away. */
import { closeSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folderOfTest, fullOutput, openPipe, type RunWithOutputs, runWithOutputs } from './outputs.fixture.ts';
import { ADMIN, type Installation, openInstallation } from './system.fixture.ts';

let next = 20_000 + (process.pid % 10_000);

interface Service extends RunWithOutputs {
  url: string;
  /** Sends SIGTERM. Resolves to how it ended, and after how many milliseconds. */
  stop(): Promise<{ code: unknown; took: number }>;
}

/** Starts the service and waits until it is ready. Its address is known beforehand, because standard output may not tell. */
async function startWith(outputs: Parameters<typeof runWithOutputs>[0]): Promise<Service> {
  const port = next++;
  const started = runWithOutputs(outputs, [], {
    DATA_DIR: folderOfTest(),
    PORT: String(port),
    LOG_LEVEL: 'info',
    ADMIN_PASSWORD: 'the admin of the tests',
  });
  const url = `http://127.0.0.1:${port}`;
  const until = performance.now() + 100_000;
  while (!(await fetch(`${url}/readyz`).catch(() => null))?.ok) {
    if (performance.now() > until || started.child.exitCode !== null) throw new Error(`it is not ready: ${started.child.exitCode}`);
    await delay(50);
  }
  const stop = async () => {
    const asked = performance.now();
    started.child.kill('SIGTERM');
    return { code: await started.ended, took: performance.now() - asked };
  };
  return { ...started, url, stop };
}

/** Sends requests that are logged with some kilobytes each, and checks that each is answered. */
async function chat({ url }: Service, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const answer = await fetch(`${url}/api/none-${n}-${'x'.repeat(6_000)}`, { signal: AbortSignal.timeout(20_000) });
    expect(answer.status).toBe(404);
    await answer.arrayBuffer();
  }
}

const linesOf = (log: string) => log.split('\n').filter(Boolean);
const numbersIn = (log: string) => [...log.matchAll(/\/api\/none-(\d+)-/g)].map(([, n]) => Number(n));
const counted = async ({ url }: Service) =>
  Number(/^taskledger_lost_log_lines_total (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);

describe.runIf(existsSync('/dev/full'))('the service', { timeout: 150_000 }, () => {
  it('starts, works and ends where standard error is full', async () => {
    const service = await startWith({ stderr: fullOutput() });
    await chat(service, 50);
    const { code, took } = await service.stop();
    expect(code).toBe(0);
    expect(took).toBeLessThan(10_000);
  });

  it('starts, works and ends where standard output is full, and says so in its log', async () => {
    const service = await startWith({ stdout: fullOutput() });
    await chat(service, 5);
    expect((await service.stop()).code).toBe(0);
    const told = linesOf(await service.stderr).filter((line) => line.includes('standard output cannot be written'));
    expect(told.length).toBe(1);
    expect(JSON.parse(told[0] ?? '')).toMatchObject({ level: 40, code: 'ENOSPC' });
  });

  it('starts, works and ends where nobody reads standard output any more', async () => {
    const pipe = openPipe();
    pipe.leave();
    const service = await startWith({ stdout: pipe.write });
    closeSync(pipe.write);
    await chat(service, 5);
    expect((await service.stop()).code).toBe(0);
  });

  it('goes on where the reader of its log goes away, and ends', async () => {
    const pipe = openPipe();
    const service = await startWith({ stderr: pipe.write });
    closeSync(pipe.write);
    await chat(service, 5);
    pipe.leave();
    await chat(service, 50);
    const { code, took } = await service.stop();
    expect(code).toBe(0);
    expect(took).toBeLessThan(10_000);
  });

  it('goes on where the reader of its log stands still, and ends', async () => {
    const pipe = openPipe();
    const service = await startWith({ stderr: pipe.write });
    closeSync(pipe.write);
    await chat(service, 50);
    const { code, took } = await service.stop();
    expect(code).toBe(0);
    expect(took).toBeLessThan(10_000);
  });

  it('keeps a bounded number of lines for a reader that stands still, counts the others, and says so once when it reads again', async () => {
    const pipe = openPipe();
    const service = await startWith({ stderr: pipe.write });
    closeSync(pipe.write);
    await chat(service, 300);
    const lost = await counted(service);
    expect(lost).toBeGreaterThan(0);
    let log = '';
    for (let last = -1; last !== log.length; await delay(200)) {
      last = log.length;
      log += pipe.readAll();
    }
    expect(log.length).toBeLessThan(1_200_000);
    await chat(service, 3);
    expect((await service.stop()).code).toBe(0);
    log += pipe.readAll();
    const gaps = linesOf(log).flatMap((line, at) => (line.includes('"lost":') ? [{ at, ...JSON.parse(line) }] : []));
    // The request that asked for the number was logged after it, in vain.
    expect(gaps).toMatchObject([{ level: 40, lost: lost + 1 }]);
    const numbers = numbersIn(log);
    expect(numbers.slice(0, -3)).toEqual([...numbers.keys()].slice(0, -3));
    expect(numbers.slice(-3)).toEqual([0, 1, 2]);
    // The gap is told where it is: between what came before and what came after.
    expect(numbersIn(linesOf(log).slice(gaps[0]?.at).join('\n'))).toEqual([0, 1, 2]);
  });

  it('writes every line, in order, where the log is read', async () => {
    const service = await startWith({});
    await chat(service, 200);
    expect((await service.stop()).code).toBe(0);
    expect(numbersIn(await service.stderr)).toEqual([...Array(200).keys()]);
  });
});

describe.runIf(existsSync('/dev/full'))('a command of an operator', { timeout: 150_000 }, () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await openInstallation();
    await installation.stop();
  });
  afterAll(() => installation?.remove());

  const commands: Record<string, () => string[]> = {
    replay: () => ['replay', 'task_list'],
    'dead-letters': () => ['dead-letters', 'list'],
    backup: () => ['backup', join(folderOfTest(), 'copy')],
    users: () => ['users', 'list'],
    'users export': () => ['users', 'export', ADMIN.email],
    media: () => ['media', 'verify'],
    help: () => ['help'],
  };

  /** The one line: of what prints, or of a document, which is cut. */
  const lost = (code: string) =>
    new RegExp(
      `^(Comparing the files .*\n)?taskledger: Standard output cannot be written \\(${code}\\)(, so what the command printed there is lost|: what is there is not whole)\\.\n$`,
    );

  it.each(Object.keys(commands))('%s ends with one line and code 1 where standard output is full', async (name) => {
    const command = runWithOutputs({ stdout: fullOutput() }, commands[name]?.() ?? [], installation.env);
    expect(await command.ended).toBe(1);
    expect(await command.stderr).toMatch(lost('ENOSPC'));
  });

  it.each(Object.keys(commands))('%s ends with one line and code 1 where nobody reads standard output', async (name) => {
    const pipe = openPipe();
    pipe.leave();
    const command = runWithOutputs({ stdout: pipe.write }, commands[name]?.() ?? [], installation.env);
    closeSync(pipe.write);
    expect(await command.ended).toBe(1);
    expect(await command.stderr).toMatch(lost('EPIPE'));
  });

  it.each(Object.keys(commands))('%s does its work where standard error is full, and fails with code 1 where both are', async (name) => {
    const told = runWithOutputs({ stderr: fullOutput() }, commands[name]?.() ?? [], installation.env);
    expect(await told.stdout).not.toBe('');
    expect(await told.ended).toBe(0);
    expect(await runWithOutputs({ stdout: fullOutput(), stderr: fullOutput() }, commands[name]?.() ?? [], installation.env).ended).toBe(1);
  });

  it('fails at once where standard error is full', async () => {
    expect(await runWithOutputs({ stderr: fullOutput() }, ['dance'], installation.env).ended).toBe(1);
    expect(await runWithOutputs({ stderr: fullOutput() }, ['replay', 'dance'], installation.env).ended).toBe(1);
  });
});
