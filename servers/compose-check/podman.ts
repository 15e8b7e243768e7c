/** Podman with storage, networks and settings of its own: what it made goes with one folder, and what else this machine runs in it is not touched. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from '../programs.ts';

const run = promisify(execFile);
const FOLDERS = 'taskledger-compose-check-';
/** The longest that one command may take: building the image fetches packages. */
const PATIENCE_MS = 900_000;

export interface Podman {
  /** A folder for files that containers mount; it goes with the rest. */
  readonly folder: string;
  /** Runs `podman` with these arguments and answers its output. Error: it failed, with the end of what it said. */
  podman(...args: string[]): Promise<string>;
  /** Runs `podman-compose` on a compose file. Error: as `podman`. */
  compose(file: string, ...args: string[]): Promise<string>;
  /** Removes containers, images, volumes and networks that were made here, and the folder. */
  close(): Promise<void>;
}

/** The programs that are missing here, each with the way to install it. */
export function missingForPodman(): string[] {
  const needed: [string, string][] = [
    ['podman', 'Debian: apt-get install podman'],
    ['runc', 'Debian: apt-get install runc'],
    ['/usr/lib/podman/aardvark-dns', 'Debian: apt-get install netavark aardvark-dns'],
    ['/usr/libexec/podman/catatonit', 'Debian: apt-get install catatonit'],
    ['podman-compose', 'PyPI: pip install podman-compose'],
  ];
  const missing = needed.filter(([program]) => !findProgram(program)).map(([program, how]) => `${program} is not installed (${how})`);
  return process.getuid?.() === 0 ? missing : [...missing, 'memory and CPUs are given out by root alone: run this as root'];
}

/** Makes a podman of this process's own, and removes what runs that were killed have left. */
export async function openPodman(): Promise<Podman> {
  await removeLeftOvers();
  const folder = join(tmpdir(), `${FOLDERS}${process.pid}`);
  await mkdir(join(folder, 'files'), { recursive: true });
  await writeSettings(folder);
  return podmanIn(folder);
}

function podmanIn(folder: string): Podman {
  // No variable of the caller's may fill in one of the compose file.
  const { PATH = '', HOME = '/root' } = process.env;
  const env = { PATH, HOME, CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'), CONTAINERS_CONF: join(folder, 'containers.conf') };
  const quiet = (program: string, args: string[]) =>
    run(program, args, { env, cwd: folder, timeout: PATIENCE_MS, maxBuffer: 64 * 1024 * 1024 }).then(
      ({ stdout, stderr }) => stdout + stderr,
      ({ stdout = '', stderr = '', message }: Error & { stdout?: string; stderr?: string }) => {
        throw new Error(`${[program, ...args].join(' ').slice(0, 300)}: ${`${stdout}${stderr}`.trim().slice(-3_000) || message}`);
      },
    );
  const podman = (...args: string[]) => quiet('podman', args);
  return {
    folder: join(folder, 'files'),
    podman,
    compose: (file, ...args) => quiet('podman-compose', ['--no-ansi', '--in-pod', 'false', '-p', 'taskledger', '-f', file, ...args]),
    close: async () => {
      for (const args of ['rm -af -t 0 -v', 'volume rm -af', 'network prune -f', 'rmi -af', 'umount -af'])
        await podman(...args.split(' ')).catch(() => {});
      await run('umount', [join(folder, 'root', 'overlay')]).catch(() => {});
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function writeSettings(folder: string): Promise<void> {
  const place = (name: string) => JSON.stringify(join(folder, name));
  // Podman asks for more open files and processes than a machine may allow, and then starts nothing. crun knows no cgroups of both versions at once.
  const settings = `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "none"
tmp_dir = ${place('libpod')}
[network]
network_config_dir = ${place('networks')}
`;
  await writeFile(join(folder, 'containers.conf'), settings);
  await writeFile(join(folder, 'storage.conf'), `[storage]\ndriver = "overlay"\ngraphroot = ${place('root')}\nrunroot = ${place('run')}\n`);
}

/** Removes what is left of runs whose process is gone. */
async function removeLeftOvers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(name.startsWith(FOLDERS) ? name.slice(FOLDERS.length) : Number.NaN);
    if (Number.isInteger(pid) && !isRunning(pid)) await podmanIn(join(tmpdir(), name)).close();
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
