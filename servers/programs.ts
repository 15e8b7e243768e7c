/** Finds installed programs. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The path of the first of these that can be run, null for none: each is a path, or a name looked for in PATH and where Debian puts servers. */
export function findProgram(...names: string[]): string | null {
  for (const name of names) {
    const found = name.includes('/') ? [name] : folders().map((folder) => join(folder, name));
    for (const path of found) if (canRun(path)) return path;
  }
  return null;
}

function folders(): string[] {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/local/bin', '/usr/bin', '/usr/sbin'].filter((folder) => folder !== '');
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
