/** The project's version, and its web app. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openPages, type Pages, type PagesOptions } from '../gateway/pages.ts';
import { UserError } from '../platform/user-error.ts';
import { buildClient } from '../realtime/build-client.ts';
import { CHECKOUT } from './checkout-folder.ts';

/** The version in package.json. */
export const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };

/** The web app of this folder, built where it is missing or old, with what it may do with these other origins. Rejects when the build fails. Error: one line where it cannot be built at this path. */
export function openOwnPages(log: PagesOptions['log'], others: Pick<PagesOptions, 'pictures' | 'posts'>): Promise<Pages> {
  return openPages({ log, root: CHECKOUT, ...others, build: (outDir) => (UNBUILDABLE.test(CHECKOUT) ? refuse() : buildClient(outDir)) });
}

/** Characters in a path that the builder takes for the end of it. */
const UNBUILDABLE = /[#?]/;

function refuse(): never {
  throw new UserError(
    `The web app cannot be built in ${CHECKOUT}, because the folder's path has a # or a ?. Move the checkout to a folder without, or copy dist/web from one where it is built.`,
  );
}
