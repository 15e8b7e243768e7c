/**
 * The README's command blocks, run as they are written, in their order, in a copy of the project. `npm start` runs in a first terminal, everything else in a
 * second one. What is not run is named in NOT_RUN; a block without an expectation fails.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readConfig } from './app/config.ts';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** `.ci/run` and everybody who runs this file run it. */
const NOT_RUN = ['npm test'];
const FIRST_TERMINAL = 'npm start';
/** What is no part of a clone. */
const NOT_COPIED = ['node_modules', '.git', 'dist', 'data', 'coverage', 'test-results', '.env'];

/** What the blocks print, in the README's order; each is waited for before the next block runs, as a reader would. */
interface Expectation {
  block: RegExp;
  /** What the second terminal prints from then on. */
  prints?: RegExp[];
  /** A query of what comes a moment later: asked again until it prints that. */
  again?: true;
  /** What the reader types. */
  types?: () => string;
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const CREATED = /TaskCreated \{.*"title":"Replace the lamp in the hall"/;
const HISTORY = /"type":"TaskCreated".*"type":"TaskAssigned".*"type":"TaskStatusChanged".*"to":"done"/;

const EXPECTED: Expectation[] = [
  { block: /^BASE=/, prints: [/asking http/] },
  { block: /"name": "Alice"/, prints: [new RegExp(`\\{"id":"${UUID}","revision":0,"position":"\\d+"\\}`)] },
  { block: /^TOKEN=/, prints: [/logged in with a token of \d{3,} characters/] },
  { block: /socket\.io-client/, prints: [/watching/] },
  { block: /^TASK=/, prints: [CREATED, /TaskAssigned \{"userId":/, /TaskStatusChanged \{"from":"open","to":"done"\}/, /"revision":1/] },
  { block: /Read-After/, prints: [/"title":"Replace the lamp in the hall","status":"done","priority":"high"/] },
  { block: /^PICTURE=/, prints: [new RegExp(`uploaded as ${UUID}`)] },
  { block: /^for try in .*URL=/s, prints: [/200 image\/webp \d+ bytes/] },
  { block: /history/, prints: [HISTORY] },
  { block: /^read -r ADMIN_PASSWORD$/, types: () => /with the password (\S+)/.exec(first.text())?.[1] ?? 'no password was printed' },
  { block: /^ADMIN=/, prints: [/password changed: 204/] },
  { block: /outbox/, prints: [/"to":"bob@example\.org","subject":"[^"]*Replace the lamp in the hall/], again: true },
  { block: /^KEY=.*api-keys/, prints: [new RegExp(`recorded as ${UUID}`)] },
  {
    block: /\/status"/,
    prints: [/"type":"email","status":"sent","recipient":"ann@example\.org","attempts":1,.*"history":\[\{"status":"pending"/],
    again: true,
  },
  { block: /^kill -9/, prints: [/killed/] },
  { block: /history/, prints: [HISTORY] },
  {
    block: /replay$/,
    prints: [/user_directory {2}/, /task_list {2}/, /task_detail {2}/, /notifications {2}\d+ events in [\d.]+ s, [\d ]+ events\/s/],
  },
  { block: /^kill "\$WATCH"/, prints: [/watching no more/] },
];

const blocks = [...README.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block.trim());
const folder = mkdtempSync(join(tmpdir(), 'readme-'));
const project = join(folder, 'taskledger');

interface Terminal {
  process: ChildProcess;
  /** All that it printed. */
  text(): string;
  /** Resolves with its exit code when it ends; null where a signal ended it. */
  ended: Promise<number | null>;
}
let environment: NodeJS.ProcessEnv;
let first: Terminal;
let second: Terminal;
/** How much of what the second terminal printed was looked at: characters. */
let seen = 0;

beforeAll(async () => {
  copyProject();
  const port = await freePort();
  // The one thing that is not as on a reader's machine: port 3000 may be taken here.
  writeFileSync(join(project, '.env'), `PORT=${port}\n`);
  environment = readersEnvironment({ BASE: `http://127.0.0.1:${port}` });
});

afterAll(async () => {
  for (const terminal of [first, second]) await end(terminal, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('is true of every command block', { timeout: 180_000 }, async () => {
  second = openTerminal('bash', ['-c', DRIVER]);
  const expected = [...EXPECTED];
  for (const block of blocks) {
    if (NOT_RUN.includes(block)) continue;
    if (block === FIRST_TERMINAL) await startInFirst();
    else await runInSecond(block, expected.shift());
  }
  expect(expected, 'blocks that the README has no more').toEqual([]);
  expect(blocks.filter((block) => NOT_RUN.includes(block))).toEqual(NOT_RUN);
  // Ctrl-C stops it: it says so where it said that it runs.
  await end(first, 'SIGINT');
  await waitFor(() => expect(existsSync(join(project, 'data', 'running.json'))).toBe(false));
});

it('has every variable of .env.example in its table, with its default', () => {
  const names = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name).sort();
  const example = readFileSync(join(ROOT, '.env.example'), 'utf8');
  expect(names(README, /^\| `([A-Z0-9_]+)` \|/gm)).toEqual(names(example, /^#([A-Z0-9_]+)=/gm));
  const defaults = [...README.matchAll(/^\| `([A-Z0-9_]+)` \| `([^`]+)` \|/gm)].map(([, name, value]) => [name, value]);
  expect(readConfig(Object.fromEntries(defaults))).toEqual(readConfig({}));
});

it('and docs/ link to files that are there', () => {
  const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
  const broken = pages.flatMap((page) => {
    const links = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = '']) => path);
    return links.filter((path) => !path.startsWith('/') && !existsSync(join(ROOT, dirname(page), path))).map((path) => `${page}: ${path}`);
  });
  expect(broken).toEqual([]);
});

/** A clone with its modules: npm's own check finds them as new as the lock file, or it would install into them. */
function copyProject(): void {
  cpSync(ROOT, project, {
    recursive: true,
    preserveTimestamps: true,
    // A folder of somebody's data is no part either, whatever it is called.
    filter: (path) => !NOT_COPIED.includes(relative(ROOT, path).split(sep)[0] ?? '') && !existsSync(join(path, 'events.db')),
  });
  symlinkSync(join(ROOT, 'node_modules'), join(project, 'node_modules'));
  const changed = (path: string) => statSync(join(project, path)).mtimeMs;
  expect(changed('node_modules/.package-lock.json'), 'run `npm run ensure` first').toBeGreaterThan(changed('package-lock.json'));
}

/** As in a shell of the reader's: nothing of Vitest's or npm's, and the machine's own Node. */
function readersEnvironment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { HOME, LANG, PATH = '', TMPDIR } = process.env;
  const path = PATH.split(delimiter).filter((one) => !one.includes('node_modules') && !one.includes('node-gyp-bin'));
  return { HOME, LANG, TMPDIR, PATH: path.join(delimiter), ...more };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Runs each block that comes on descriptor 3; its end is told on descriptor 4. The first command that fails ends it. */
const DRIVER = `
set -e -o pipefail
while IFS= read -r -d '' -u 3 block; do
  eval "$block"
  echo done >&4
done`;

/** A process group of its own: what a terminal's Ctrl-C reaches. */
function openTerminal(command: string, args: string[]): Terminal {
  const child = spawn(command, args, { cwd: project, env: environment, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (more: string) => (text += more));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { process: child, text: () => text, ended };
}

async function startInFirst(): Promise<void> {
  if (first) expect(await first.ended).not.toBe(0);
  first = openTerminal('sh', ['-c', FIRST_TERMINAL]);
  await waitFor(() => {
    expect(first.process.exitCode, first.text()).toBeNull();
    expect(first.text()).toMatch(/listens on http:\/\/127\.0\.0\.1:\d+ \(pid \d+\)/);
  });
}

async function runInSecond(block: string, expected: Expectation | undefined): Promise<void> {
  expect(block, 'the next block of the README').toMatch(expected?.block ?? /^this test expects no such block$/);
  const { prints = [], again, types } = expected ?? {};
  const from = seen;
  await enter(block, types?.());
  await waitFor(async () => {
    const printed = second.text().slice(from);
    const missing = prints.filter((pattern) => !pattern.test(printed));
    if (missing.length > 0 && again) await enter(block);
    expect(missing, `${block}\nprinted:\n${printed}`).toEqual([]);
  });
  seen = second.text().length;
}

/** Resolves when the block has been run. */
async function enter(block: string, typed?: string): Promise<void> {
  const [input, , , orders, answers] = second.process.stdio;
  const answered = once(answers as NodeJS.ReadableStream, 'data').then(() => true);
  (orders as NodeJS.WritableStream).write(`${block}\0`);
  if (typed !== undefined) input?.write(`${typed}\n`);
  const isDone = await Promise.race([answered, second.ended.then(() => false)]);
  expect(isDone, `this block failed:\n${block}\n${second.text()}`).toBe(true);
}

function waitFor(check: () => void | Promise<void>): Promise<void> {
  return vi.waitFor(check, { timeout: 60_000, interval: 100 });
}

/** Sends a signal to all processes of the terminal, and waits for its shell. */
async function end(terminal: Terminal | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!terminal?.process.pid) return;
  try {
    process.kill(-terminal.process.pid, signal);
  } catch {
    // It has ended already.
  }
  await terminal.ended;
}
