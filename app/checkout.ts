/** The project's folder, its version, and its web app. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPages, type Pages, type PagesOptions } from '../gateway/pages.ts';
import { buildClient } from '../realtime/build-client.ts';

/** The project's folder, with a separator at its end. */
export const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));

/** The version in package.json. */
export const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };

/** The web app of this folder, built where it is missing or old. Rejects when the build fails. */
export function openOwnPages(log: PagesOptions['log']): Promise<Pages> {
  return openPages({ log, root: CHECKOUT, build: buildClient });
}
