/** A root file system from the packages that are installed on this Debian: no image can be fetched where there is no registry. */
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BUFFER = { maxBuffer: 64 * 1024 * 1024 };

/** The servers that stand in for those of the images, with what their health is asked by, and a shell's world. */
const PACKAGES =
  'redis-server rabbitmq-server nginx-light netcat-openbsd curl wget bash dash coreutils sed grep mawk findutils util-linux login passwd base-files libc-bin hostname procps ca-certificates';

/** What no package lists: links, what was made at the installation, and the places that a container's own are mounted at. */
const BESIDE =
  'bin sbin lib lib64 etc/passwd etc/group etc/nsswitch.conf etc/ld.so.cache etc/ssl/certs/ca-certificates.crt tmp var/tmp proc sys dev run root';

/** The packages that are missing here, and the way to install them. */
export async function missingPackages(): Promise<string[]> {
  const names = PACKAGES.split(' ');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in
  const format = '${Package} ${db:Status-Status}\n';
  const { stdout } = await run('dpkg-query', ['-W', '-f', format, ...names]).catch((error) => error as { stdout: string });
  const missing = names.filter((name) => !stdout?.includes(`${name} installed\n`));
  return missing.length === 0 ? [] : [`${missing.join(', ')}: not installed (Debian: apt-get install ${missing.join(' ')})`];
}

/** Writes a tar file with all files of the packages and of those that they need. */
export async function packDebian(tar: string): Promise<void> {
  const files = await filesOf(await withNeeded(PACKAGES.split(' ')));
  const list = new Set([...BESIDE.split(' ').filter((path) => existsSync(join('/', path))), ...alternatives(), ...files]);
  writeFileSync(`${tar}.list`, [...list].join('\n'));
  await run('tar', ['-C', '/', '--no-recursion', '-cf', tar, '-T', `${tar}.list`], BUFFER);
}

/** The links by which one of several programs has a name, as `nc` and `awk`: no package lists them. */
function alternatives(): string[] {
  const isOne = (path: string) => lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith('/etc/alternatives/');
  const within = (folder: string) => readdirSync(folder).map((name) => join(folder, name));
  const links = ['/usr/bin', '/usr/sbin'].flatMap((folder) => within(folder).filter(isOne));
  return [...links, ...within('/etc/alternatives')].map((path) => path.slice(1));
}

async function withNeeded(packages: string[]): Promise<string[]> {
  const without = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map((kind) => `--no-${kind}`);
  const { stdout } = await run('apt-cache', ['depends', '--recurse', '--installed', ...without, ...packages], BUFFER);
  return [...new Set(stdout.split('\n').filter((line) => /^\w/.test(line)))];
}

/** The paths of the packages' files that are there, without the leading slash; folders that are links are gone through. */
async function filesOf(packages: string[]): Promise<string[]> {
  // What is not installed in itself (a name that another package provides) is told by the code of the end, beside the others' files.
  const { stdout } = await run('dpkg', ['-L', ...packages], BUFFER).catch((error) => error as { stdout: string });
  const paths = new Set(
    stdout.split('\n').filter((path) => path.startsWith('/') && path !== '/.' && !/^\/usr\/share\/(doc|man|locale|info)\//.test(path)),
  );
  const folders = new Map<string, string | null>();
  const real = (folder: string) => {
    if (!folders.has(folder)) folders.set(folder, existsSync(folder) ? realpathSync(folder) : null);
    return folders.get(folder);
  };
  return [...paths].flatMap((path) => {
    const folder = real(dirname(path));
    const found = folder && join(folder, basename(path));
    return found && lstatSync(found, { throwIfNoEntry: false }) ? [found.slice(1)] : [];
  });
}
