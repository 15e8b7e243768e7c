/** The fixture of the page's tests in Chromium: a whole process, a browser, and a line between them that can be cut. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { askedAgain } from '../../platform/http/asked-again.fixture.ts';

const CHROMIUM = '/usr/bin/chromium';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const PASSWORD = 'correct horse battery';
export const ADMIN_EMAIL = 'admin@example.org';
export const ANNA = { name: 'Anna Lindqvist', email: 'anna@example.org' };
export const BEN = { name: 'Ben Okafor', email: 'ben@example.org' };

/** The reason why the tests cannot run here; null where they can. */
const missing = existsSync(CHROMIUM) ? null : `there is no ${CHROMIUM}`;

/** The tools of a file's tests: a started taskledger with Anna and Ben registered, and pages of it. */
export interface Screens<W extends ShownWorld = World> {
  readonly world: W;
  /** Opens a page in its own browser context, which ends with the test. An error in the page fails the test. */
  open(url: string, options?: BrowserContextOptions): Promise<Page>;
  /** Logs a user in; resolves to their page once it is live. `url`: default the world's own. */
  logIn(who: { email: string }, url?: string, options?: BrowserContextOptions): Promise<Page>;
  closePages(): Promise<void>;
}

/** Describes tests of the page in Chromium; they are skipped where it is missing. `start`: another system than one of one process on embedded stores. */
export function inChromium(name: string, tests: (screens: Screens) => void): void;
export function inChromium<W extends ShownWorld>(name: string, tests: (screens: Screens<W>) => void, start: () => Promise<W>): void;
export function inChromium(name: string, tests: (screens: Screens) => void, start = startWorld): void {
  if (missing && process.env.REQUIRE_SERVERS === '1') throw new Error(missing);
  describe.skipIf(missing !== null)(`${name} in Chromium${missing ? ` (skipped: ${missing})` : ''}`, () => tests(screens(start)));
}

function screens<W extends ShownWorld>(start: () => Promise<W>): Screens<W> {
  let world: W;
  let browser: Browser;
  const pages: Page[] = [];
  /** The errors that pages have reported. */
  const faults: string[] = [];

  beforeAll(async () => {
    [world, browser] = await Promise.all([start(), openBrowser()]);
    await world.register(ANNA.name, ANNA.email);
    await world.register(BEN.name, BEN.email);
    // The start builds the page, which takes long where the machine has other work.
  }, 240_000);
  let begun = '';
  beforeEach(() => {
    begun = new Date().toISOString();
  });
  afterEach(async ({ task }) => {
    await closePages();
    world.line.mend();
    // The next try of a test is to find its own tasks alone.
    if (task.result?.state === 'fail') await Promise.allSettled([ANNA, BEN].map((maker) => deleteTasksSince(world.url, begun, maker)));
    expect(faults.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });

  async function open(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(50_000);
    const page = await context.newPage();
    pages.push(page);
    page.on('pageerror', (error) => faults.push(String(error.stack)));
    page.on('console', (message) => /Content.Security.Policy/i.test(message.text()) && faults.push(message.text()));
    await page.goto(url);
    return page;
  }

  async function logIn(who: { email: string }, url = world.url, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await open(url, options);
    await page.getByLabel('E-mail').fill(who.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    await connection(page, 'live');
    return page;
  }

  async function closePages(): Promise<void> {
    await Promise.all(pages.splice(0).map((page) => page.context().close()));
  }

  return {
    get world() {
      return world;
    },
    open,
    logIn,
    closePages,
  };
}

/** Resolves when a page's connection is in this state. */
export const connection = (page: Page, is: string) => page.locator(`[data-connection="${is}"]`).waitFor();

/** The cards of the board with this title. */
export const cardOf = (page: Page, title: string) => page.locator('.lanes [data-card]').filter({ hasText: title });

/** Makes a task by keys alone. */
export async function make(page: Page, title: string): Promise<void> {
  await page.keyboard.press('n');
  await page.getByLabel('Title').fill(title);
  await page.keyboard.press('Enter');
  await cardOf(page, title).waitFor();
  await page.locator('dialog').waitFor({ state: 'detached' });
}

function openBrowser(): Promise<Browser> {
  const quiet = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}

/** A line to a server that can be cut and mended. */
export interface Line {
  /** The origin to connect to. */
  url: string;
  /** Ends every connection, and lets no other through. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Opens a line to the port that `target` returns. */
export async function openLine(target: () => number): Promise<Line> {
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

/** The part of a started system that every test of its pages has: its address, and a line to it. */
export interface ShownWorld {
  url: string;
  line: Line;
  /** Registers a user. */
  register(name: string, email: string): Promise<void>;
  close(): Promise<void>;
}

/** A started taskledger. */
export interface World extends ShownWorld {
  /** Confirms a user's address, as the first admin. */
  confirm(email: string): Promise<void>;
  /** Gives a user another role, as the first admin. */
  giveRole(email: string, role: string): Promise<void>;
  /** Runs a command of the operator's; gives what it prints. */
  operator(...args: string[]): string;
  /** Puts these texts into a user's inbox, as the first admin; in no order. */
  tell(email: string, texts: readonly string[]): Promise<void>;
}

/** Starts taskledger in its own process and folder. `more`: further environment variables. */
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
  const logIn = (email: string) => send('POST', `${url}/api/login`, { body: { email, password: PASSWORD } });
  return {
    url,
    line,
    operator: (...args) =>
      execFileSync(process.execPath, [join(ROOT, 'main.ts'), ...args], { encoding: 'utf8', env: { PATH: process.env.PATH, ...environment } }),
    async register(name, email) {
      await send('POST', `${url}/api/users`, { body: { name, email, password: PASSWORD } });
    },
    async confirm(email) {
      const [{ accessToken: token }, { user }] = await Promise.all([logIn(ADMIN_EMAIL), logIn(email)]);
      await send('POST', `${url}/api/users/${user.id}/confirm`, { token });
    },
    async giveRole(email, role) {
      const [{ accessToken: token }, { user }] = await Promise.all([logIn(ADMIN_EMAIL), logIn(email)]);
      await send('PUT', `${url}/api/users/${user.id}/role`, { token, body: { role } });
    },
    async tell(email, texts) {
      const [{ accessToken: token }, { user }] = await Promise.all([logIn(ADMIN_EMAIL), logIn(email)]);
      const what = { type: 'in-app', recipient: user.id };
      await Promise.all(texts.map((content) => send('POST', `${url}/api/notifications/send`, { token, body: { ...what, content } })));
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

/** Sends one request; resolves to the JSON of the answer. */
async function send(method: string, url: string, { body, token = '' }: { body?: unknown; token?: string }) {
  const headers = { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await askedAgain(() => fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }));
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** Deletes the tasks that somebody made at or after a time (ISO 8601, UTC). */
async function deleteTasksSince(url: string, time: string, { email }: { email: string }): Promise<void> {
  const { accessToken: token, user } = await send('POST', `${url}/api/login`, { body: { email, password: PASSWORD } });
  const answer = await fetch(`${url}/api/tasks?limit=100`, { headers: { Authorization: `Bearer ${token}` } });
  const { items } = (await answer.json()) as { items: { id: string; maker: string; createdAt: string }[] };
  const own = items.filter(({ maker, createdAt }) => maker === user.id && createdAt >= time);
  await Promise.all(own.map(({ id }) => send('DELETE', `${url}/api/tasks/${id}`, { token })));
}

/** Resolves to the address in the line with which taskledger reports that it is ready. */
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
