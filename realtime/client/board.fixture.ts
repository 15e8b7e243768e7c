/** For the board's test: a whole process, a browser, and a line between them that can be cut. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PASSWORD = 'correct horse battery';
const ADMIN_EMAIL = 'admin@example.org';

/** Why the test cannot run here; null where it can. */
export const missing = existsSync(CHROMIUM) ? null : `there is no ${CHROMIUM}`;

export function openBrowser(): Promise<Browser> {
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}

/** A line to a server that can be cut and mended. */
export interface Line {
  /** Where to connect to: an origin. */
  url: string;
  /** Ends every connection, and lets no other through. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** A line to the port that `target` names. */
async function openLine(target: () => number): Promise<Line> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect(target(), '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const destroy = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
      destroy();
    },
    mend() {
      isCut = false;
    },
    async close() {
      destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A started taskledger: where it is, and a line to it. */
export interface World {
  url: string;
  line: Line;
  /** Registers somebody. */
  register(name: string, email: string): Promise<void>;
  /** Gives somebody another role, as the first admin. */
  giveRole(email: string, role: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts taskledger in a process of its own, on a folder of its own; `more`: other variables of its environment. */
export async function startWorld(more: Record<string, string> = {}): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'board-'));
  let port = 0;
  const line = await openLine(() => port);
  const environment = { DATA_DIR: folder, PORT: '0', HOST: '127.0.0.1', ALLOWED_ORIGINS: line.url, LOG_LEVEL: 'error' };
  const child = spawn(process.execPath, [join(ROOT, 'main.ts')], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, NODE_ENV: 'test', ADMIN_EMAIL, ADMIN_PASSWORD: PASSWORD, ...environment, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await addressOf(child);
  port = Number(new URL(url).port);
  return {
    url,
    line,
    async register(name, email) {
      const body = JSON.stringify({ name, email, password: PASSWORD });
      const answer = await fetch(`${url}/api/users`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
      if (!answer.ok) throw new Error(`cannot register ${email}: ${answer.status} ${await answer.text()}`);
    },
    async giveRole(email, role) {
      const { accessToken: token } = await send('POST', `${url}/api/login`, { body: { email: ADMIN_EMAIL, password: PASSWORD } });
      const { user } = await send('POST', `${url}/api/login`, { body: { email, password: PASSWORD } });
      await send('PUT', `${url}/api/users/${user.id}/role`, { token, body: { role } });
    },
    async close() {
      await line.close();
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One request; answers the JSON. */
async function send(method: string, url: string, { body, token = '' }: { body: unknown; token?: string }) {
  const headers = { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** The address in the one line that says that it is ready. */
async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url) {
      child.stdout.resume();
      return url;
    }
  }
  throw new Error('taskledger ended before it was ready');
}
