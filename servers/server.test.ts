import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { firstAnswer } from './answering.ts';
import { freePort } from './free-port.ts';
import { folderFor, type Server, startServer } from './server.ts';

const PROGRAM = fileURLToPath(new URL('program.fixture.ts', import.meta.url));
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function start(env: Record<string, string> = {}, given?: string): Promise<Server> {
  const port = await freePort();
  const place = await folderFor('server-test', given);
  const command = [process.execPath, PROGRAM, String(port)];
  const server = await startServer({ name: 'test', url: `test:${port}`, port, ...place, command, env, answers: () => firstAnswer(port, '') });
  ends.push(server.close);
  return server;
}

/** The program's account of its starts so far, and the pid of its child. */
async function told(server: Server): Promise<{ starts: string; child: number }> {
  const [starts = '', child = ''] = (await firstAnswer(server.port, '')).toString().split(' ');
  return { starts, child: Number(child) };
}

/** True for a process that is dead, reaped by its parent or not. */
const isGone = (pid: number) => {
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
};

test('a server that is killed is gone with its children, and comes back on its port with its folder', async () => {
  const server = await start();
  const { child } = await told(server);
  const pid = server.pid() ?? 0;
  await server.kill();
  expect([server.pid(), isGone(pid), isGone(child)]).toEqual([null, true, true]);
  await expect(firstAnswer(server.port, '')).rejects.toThrow('ECONNREFUSED');
  await server.restart();
  expect((await told(server)).starts).toBe('..');
});

test('a server that is stopped may end in its own way, and its folder stays', async () => {
  const server = await start();
  await server.stop();
  expect(readFileSync(join(server.folder, 'starts'), 'utf8')).toBe('.T');
  await server.restart();
  await server.restart();
  expect((await told(server)).starts).toBe('.T.T.');
});

test('a server that stands still is stopped and killed all the same', async () => {
  const server = await start();
  process.kill(server.pid() ?? 0, 'SIGSTOP');
  await server.stop();
  await server.restart();
  process.kill(server.pid() ?? 0, 'SIGSTOP');
  await server.kill();
  expect(readFileSync(join(server.folder, 'starts'), 'utf8')).toBe('.T.');
});

test('a closed server leaves nothing, but for a folder that was given', async () => {
  const given = await mkdtemp(join(tmpdir(), 'given-'));
  ends.push(() => rm(given, { recursive: true }));
  const [server, other] = [await start(), await start({}, given)];
  const { child } = await told(server);
  await server.close();
  await other.close();
  expect([isGone(child), existsSync(server.folder), existsSync(given)]).toEqual([true, false, true]);
});

test('a server that does not start says why', async () => {
  await expect(start({ FAIL: 'out of luck' })).rejects.toThrow(/test does not start.*out of luck/s);
});

test('a server goes, and its folder, when the process that started it is killed', async () => {
  const script = `
    import { folderFor, startServer } from ${JSON.stringify(new URL('server.ts', import.meta.url))};
    import { firstAnswer } from ${JSON.stringify(new URL('answering.ts', import.meta.url))};
    const port = ${await freePort()};
    const place = await folderFor('server-test');
    const command = [process.execPath, ${JSON.stringify(PROGRAM)}, String(port)];
    const server = await startServer({ name: 'test', url: '', port, ...place, command, answers: () => firstAnswer(port, '') });
    const [, child] = (await firstAnswer(port, '')).toString().split(' ');
    process.stdout.write(JSON.stringify({ pids: [server.pid(), Number(child)], folder: place.folder }) + '\\n');`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface({ input: parent.stdout }), 'line');
  const { pids, folder } = JSON.parse(line) as { pids: number[]; folder: string };
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect([pids.map(isGone), existsSync(folder)]).toEqual([[true, true], false]), 10_000);
});
