/**
 * `npm run compose:check`: builds the Dockerfile, runs the image alone, brings docker-compose.yml up by podman-compose on images that stand in for those that it names, asks
 * each service for its health by the file's own command, and runs the tests of the whole path on it. Ends by itself, with code 0 where all
 * came to life, and leaves nothing behind. Needs podman and podman-compose, and root; says what is missing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CHECKOUT } from '../../app/checkout-folder.ts';
import { type ComposeFile, healthCommandOf, readComposeFile } from '../compose-file.ts';
import { freePort } from '../free-port.ts';
import { tryAlone } from './alone.ts';
import { asPodmanRunsIt, DIFFERENCES, wavesOf } from './as-podman-runs-it.ts';
import { missingPackages } from './debian-files.ts';
import { chooseFirstPassword } from './first-login.ts';
import { missingForPodman, openPodman, type Podman } from './podman.ts';
import { buildBase, buildStandIn, NODE_IMAGE, STAND_INS } from './stand-ins.ts';
import { tryAFile } from './try-a-file.ts';

/** The longest that a service may take until it is well. */
const HEALTHY_MS = 300_000;
/** Between two questions for one's health. Each is a process of its own in the container: eight parts that start on two cores would wait for their questions. */
const ASKED_AGAIN_MS = 2_000;
const began = performance.now();
const say = (line: string) => process.stdout.write(`${((performance.now() - began) / 1_000).toFixed(0).padStart(4)} s  ${line}\n`);
const over = new AbortController();
const nameOf = (service: string) => `taskledger_${service}_1`;

async function buildImages(podman: Podman, compose: ComposeFile): Promise<void> {
  say('packing the packages of this machine that stand in for images');
  await buildBase(podman);
  await buildStandIn(podman, 'node:24-slim', NODE_IMAGE);
  await buildOurs(podman, 'localhost/taskledger:local', ['--target', compose.services['first-start']?.build?.target ?? '']);
  for (const [name, standIn] of Object.entries(STAND_INS)) {
    over.signal.throwIfAborted();
    const image = compose.services[name]?.image ?? '';
    await buildStandIn(podman, image, standIn);
    say(`${image}: in its place ${standIn.is}`);
  }
}

/** Builds the Dockerfile under a name, or a stage of it. */
async function buildOurs(podman: Podman, image: string, more: readonly string[] = []): Promise<void> {
  const from = performance.now();
  await podman.podman('build', '-q', '--pull=never', '--network=host', ...(await asNpmFetches(podman)), ...more, '-t', image, CHECKOUT);
  say(`Dockerfile built in ${seconds(from)}`);
}

const seconds = (from: number) => `${((performance.now() - from) / 1_000).toFixed(1)} s`;

/** The options by which npm in the build fetches from where npm of this machine does. */
async function asNpmFetches({ folder }: Podman): Promise<string[]> {
  const npm = spawn('npm', ['config', 'get', 'registry'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const registry = (await npm.stdout.toArray()).join('').trim();
  await writeFile(join(folder, 'npmrc'), `registry=${registry}\ncafile=/etc/ssl/certs/ca-certificates.crt\n`);
  return ['--volume', `${join(folder, 'npmrc')}:/root/.npmrc:ro`];
}

/** Writes the file that podman-compose starts; answers its path, and the ports of this machine by those of the containers. */
async function writeCompose({ folder }: Podman, compose: ComposeFile): Promise<{ file: string; ports: Map<string, number> }> {
  const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
  const ports = new Map<string, number>();
  for (const one of published) ports.set(one.split(':').at(-1) ?? '', await freePort());
  const file = join(folder, 'docker-compose.json');
  const places = { port: (one: string) => ports.get(one.split(':').at(-1) ?? '') ?? 0 };
  await writeFile(file, JSON.stringify(asPodmanRunsIt(compose, places)));
  return { file, ports };
}

async function bringUp(podman: Podman, compose: ComposeFile, file: string): Promise<void> {
  const from = performance.now();
  for (const wave of wavesOf(compose)) {
    over.signal.throwIfAborted();
    await podman.compose(file, 'up', '-d', '--no-deps', ...wave);
    await Promise.all(wave.map((name) => untilWell(podman, compose, name)));
  }
  say(`${Object.keys(compose.services).length} services up and well in ${seconds(from)}`);
}

/** Waits until a service is what others wait for: over with code 0, or healthy. Error: it does not become so, with the end of its log. */
async function untilWell(podman: Podman, compose: ComposeFile, name: string): Promise<void> {
  const service = compose.services[name];
  const command = service && healthCommandOf(service);
  const refusal = command ? await untilHealthy(podman, name, command) : await untilDone(podman, name);
  if (refusal !== null) throw new Error(`${name}: ${refusal}\n${await logOf(podman, name)}`);
}

async function untilDone({ podman }: Podman, name: string): Promise<string | null> {
  const code = (await podman('wait', nameOf(name))).trim();
  say(`${name}: ended with code ${code}`);
  return code === '0' ? null : 'it must end well';
}

/** Asks again and again, as docker does; answers the last refusal when that takes too long. */
async function untilHealthy({ podman }: Podman, name: string, command: string[]): Promise<string | null> {
  const from = performance.now();
  const ask = () =>
    podman('exec', nameOf(name), ...command).then(
      () => null,
      (error: Error) => error.message,
    );
  let refusal = await ask();
  while (refusal !== null && performance.now() - from < HEALTHY_MS) {
    over.signal.throwIfAborted();
    await sleep(ASKED_AGAIN_MS);
    refusal = await ask();
  }
  if (refusal === null) say(`${name}: healthy after ${seconds(from)}, by ${command.join(' ').slice(0, 80)}`);
  return refusal;
}

const logOf = ({ podman }: Podman, name: string) => podman('logs', '--tail', '30', nameOf(name)).catch((error: Error) => error.message);

/** The tests of the whole path that need no outbox: commands, queries, sessions and sockets. */
const TESTS = 'a task is made for another|hears live of what others do|are refreshed with a token|sees each change in order';

/** Runs tests of the whole path on the set, through its proxy, as the first admin, and looks whether mails came. */
async function tryIt(podman: Podman, ports: Map<string, number>): Promise<void> {
  const url = `http://127.0.0.1:${ports.get('8080')}`;
  const admin = await chooseFirstPassword(url, await podman.podman('logs', nameOf('gateway')));
  const env = {
    ...process.env,
    SYSTEM_URL: url,
    SYSTEM_ADMIN_EMAIL: admin.email,
    SYSTEM_ADMIN_PASSWORD: admin.password,
  };
  const tests = spawn('npx', ['vitest', 'run', 'system/path', '-t', TESTS], {
    cwd: CHECKOUT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = await once(tests, 'exit');
  if (code !== 0) throw new Error('the tests of the whole path failed on it');
  say('commands, queries, sessions and sockets work through the proxy');
  say(`a picture went to the S3 server, and its thumbnail of ${await tryAFile(url, admin)} bytes came back`);
  const mails = async () => ((await (await fetch(`http://127.0.0.1:${ports.get('8025')}/`)).json()) as string[]).length;
  const from = performance.now();
  while ((await mails()) === 0 && performance.now() - from < HEALTHY_MS) await sleep(500, undefined, { signal: over.signal });
  if ((await mails()) === 0) throw new Error('no mail has come to the mail server');
  say(`${await mails()} mails have come to the mail server`);
}

/** What is trouble in a log: what a library says beside the log, as a client that is refused, and errors that are no server's absence, which a busy machine has. */
const TROUBLE = /^\[|Warning|"level":60|"level":50(?!.*"dependency":)/;

/** Error: a part has logged trouble. */
async function lookIntoLogs({ podman }: Podman, compose: ComposeFile): Promise<void> {
  const parts = Object.keys(compose.services).filter((name) => compose.services[name]?.image === compose.services['write-side']?.image);
  for (const name of parts) {
    const wrong = (await podman('logs', nameOf(name))).split('\n').filter((line) => TROUBLE.test(line));
    if (wrong.length > 0)
      throw new Error(`${name} has logged ${wrong.length} lines of trouble, the first of which are\n${wrong.slice(0, 5).join('\n')}`);
  }
  say(`no trouble in the logs of ${parts.length} parts`);
}

/** Says the most memory that each container has had, beside its ceiling. */
async function sayMemory({ podman }: Podman): Promise<void> {
  const lines = await podman('stats', '--no-stream', '--no-reset', '--format', '{{.Name}} {{.MemUsage}}');
  for (const line of lines.trim().split('\n')) say(`memory of ${line.replace(/^taskledger_|_1(?= )/g, '')}`);
}

async function check(podman: Podman): Promise<void> {
  const compose = readComposeFile();
  for (const difference of DIFFERENCES) say(`otherwise than in docker-compose.yml: ${difference}`);
  await buildImages(podman, compose);
  await tryAlone(podman, (image) => buildOurs(podman, image), say);
  const { file, ports } = await writeCompose(podman, compose);
  await bringUp(podman, compose, file);
  await tryIt(podman, ports);
  await lookIntoLogs(podman, compose);
  await sayMemory(podman);
}

const missing = [...missingForPodman(), ...(await missingPackages())];
if (missing.length > 0) {
  process.stderr.write(`${missing.map((one) => `missing: ${one}`).join('\n')}\n`);
  process.exit(1);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => over.abort(new Error(`ended by ${signal}`)));
const podman = await openPodman();
try {
  await check(podman);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  say('removing all of it');
  await podman.close();
}
say(process.exitCode ? 'docker-compose.yml did not come to life' : 'docker-compose.yml came to life');
