/** Settings that hold a password or a key may be in a file, whose path is the value of the variable with `_FILE` after its name. */
import { readFileSync } from 'node:fs';
import { ConfigError, SECRET_SETTINGS } from './config.ts';

/**
 * Sets the variables that `…_FILE` names files for, without the line break at their end, and takes those names out of the environment, which this
 * process's own workers inherit. Error: ConfigError names every variable whose file cannot be read or is empty, and those that are set both ways.
 */
export function loadSecretFiles(env: Record<string, string | undefined>): void {
  const problems = SECRET_SETTINGS.flatMap((name) => problemOf(env, name) ?? []);
  if (problems.length > 0) throw new ConfigError(problems.join('; '));
}

function problemOf(env: Record<string, string | undefined>, name: string): string | undefined {
  const path = env[`${name}_FILE`];
  if (!path) return undefined;
  if (env[name]) return `${name} and ${name}_FILE are both set: one of them is meant`;
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (text === '') return `${name}_FILE names an empty file, ${path}`;
    env[name] = text;
    delete env[`${name}_FILE`];
    return undefined;
  } catch (error) {
    return `${name}_FILE names a file that cannot be read: ${(error as Error).message}`;
  }
}
