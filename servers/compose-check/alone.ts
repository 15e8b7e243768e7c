/** The image alone: `docker run` of it is the whole system, with /data as its volume, on a disk that is read-only otherwise. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { chooseFirstPassword, logIn, sendJson } from './first-login.ts';
import type { Podman } from './podman.ts';

const IMAGE = 'localhost/taskledger:alone';
const READY_MS = 120_000;
const SHUT_IN = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '512'];

/** Starts a container of the image, and waits until it is ready; answers its address. `more`: options of `podman run`. */
async function startAlone({ podman }: Podman, name: string, more: readonly string[]): Promise<string> {
  const port = await freePort();
  await podman('run', '-d', '--name', name, ...SHUT_IN, '-p', `127.0.0.1:${port}:3000`, ...more, IMAGE);
  const url = `http://127.0.0.1:${port}`;
  await untilReady({ podman }, name, url);
  return url;
}

async function untilReady({ podman }: Pick<Podman, 'podman'>, name: string, url: string): Promise<void> {
  const from = performance.now();
  const asks = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await asks())) {
    if (performance.now() - from > READY_MS) throw new Error(`the image alone is not ready:\n${await podman('logs', '--tail', '30', name)}`);
    await sleep(300);
  }
}

const titlesOf = async (url: string, token: string) =>
  (JSON.parse(await sendJson('GET', `${url}/api/tasks`, undefined, token)) as { items: { title: string }[] }).items.map(({ title }) => title);

/** Waits until the task is in the list. */
async function untilListed(url: string, token: string, title: string): Promise<void> {
  const from = performance.now();
  while (!(await titlesOf(url, token)).includes(title)) {
    if (performance.now() - from > READY_MS) throw new Error(`the image alone does not list the task ${title}`);
    await sleep(200);
  }
}

/** Runs the image as it is, stops and starts it, and runs it as a user that it does not know. `say` is told what held. Errors: what did not. */
export async function tryAlone(podman: Podman, build: (image: string) => Promise<void>, say: (line: string) => void): Promise<void> {
  await build(IMAGE);
  const url = await startAlone(podman, 'alone', ['-v', 'alone:/data']);
  const admin = await chooseFirstPassword(url, await podman.podman('logs', 'alone'));
  await sendJson('POST', `${url}/api/tasks`, { title: 'Kept' }, await logIn(url, admin));
  say('the image alone: ready on a read-only disk, the first password is printed and good for choosing another one, a task is made');

  await podman.podman('stop', '-t', '20', 'alone');
  const code = (await podman.podman('inspect', '--format', '{{.State.ExitCode}}', 'alone')).trim();
  if (code !== '0') throw new Error(`the image alone ended with code ${code} when it was stopped`);
  await podman.podman('rm', 'alone');
  const again = await startAlone(podman, 'alone', ['-v', 'alone:/data']);
  await untilListed(again, await logIn(again, admin), 'Kept');
  if ((await podman.podman('logs', 'alone')).includes('The first admin is'))
    throw new Error('the image alone made a first admin for the second time');
  say('the image alone: stopped with code 0; another container on its volume has the password and the task');

  const other = await startAlone(podman, 'stranger', ['--user', '12345', '-v', 'stranger:/data']);
  await chooseFirstPassword(other, await podman.podman('logs', 'stranger'));
  say('the image alone: runs as the user 12345, of the group root, on a volume of its own');
  await podman.podman('rm', '-f', '-t', '0', 'alone', 'stranger');
}
