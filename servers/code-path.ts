/**
 * RabbitMQ's path of code, cut to the folders that it needs: Erlang looks for each of a thousand modules in one folder after the other,
 * and with those of every plugin in the way a start takes five seconds instead of three.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

const PLUGINS = ['rabbitmq_prelaunch', 'rabbitmq_management', 'rabbitmq_management_agent', 'rabbitmq_web_dispatch'];
const ERLANG = ['os_mon', 'inets', 'xmerl', 'mnesia', 'crypto', 'public_key', 'syntax_tools', 'tools', 'sasl', 'ssl', 'compiler', 'kernel', 'stdlib'];

/** Fills `folder` with links to RabbitMQ's libraries and to the plugins that it is started with; false where it is installed in another way. */
export async function linkPlugins(folder: string, script: string): Promise<boolean> {
  const all = join(realpathSync(script), '../../plugins');
  const needed = entries(all).filter((entry) => !entry.startsWith('rabbitmq_') || PLUGINS.includes(entry.replace(/-[^-]*$/, '')));
  if (needed.length === 0) return false;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const entry of needed) await symlink(join(all, entry), join(folder, entry));
  return true;
}

/** Arguments by which Erlang looks into its own libraries first. */
export function ownLibrariesFirst(erl: string): string {
  const folder = join(realpathSync(erl), '../../lib');
  const installed = entries(folder);
  const found = ERLANG.flatMap((name) => installed.find((entry) => entry.replace(/-[^-]*$/, '') === name) ?? []);
  return found.map((entry) => `-pa ${join(folder, entry, 'ebin')}`).join(' ');
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
