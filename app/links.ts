/** Where links in mails lead. */
import { isLoopback } from '../notifier/loopback.ts';
import { directOrigin } from '../platform/files/files-url.ts';
import type { Config } from './config.ts';

const EVERYWHERE = /^(0\.0\.0\.0|\[::\])$/;

/** The address of the pages: PUBLIC_URL, or the one where the process listens (`http://HOST:PORT`); `localhost` for one that listens everywhere. */
export function pagesAt({ PUBLIC_URL }: Pick<Config, 'PUBLIC_URL'>, listening: string): string {
  if (PUBLIC_URL !== undefined || listening === '') return PUBLIC_URL ?? '';
  const { protocol, hostname, port } = new URL(listening);
  return EVERYWHERE.test(hostname) ? `${protocol}//localhost:${port}` : listening;
}

/** The line for the log of a process whose mails have links that others cannot follow; undefined where they can, or where no mail leaves the machine. */
export function linksProblem(config: Pick<Config, 'PUBLIC_URL' | 'MAIL_URL'>, listening: string): string | undefined {
  if (config.PUBLIC_URL !== undefined) return undefined;
  const isLocal = isLoopback(new URL(listening).hostname);
  if (isLocal && config.MAIL_URL.startsWith('outbox:')) return undefined;
  const why = EVERYWHERE.test(new URL(listening).hostname) || isLocal ? 'which is no address for other machines' : 'where it listens';
  return `PUBLIC_URL is not set: links in mails lead to ${pagesAt(config, listening)}, ${why}. Set it to the address that people use.`;
}

/** The origin with which addresses of files in mails begin; undefined where mails link no files: nobody asked for it, or no address of ours is known elsewhere. */
export function linkedPicturesAt({
  MAIL_PICTURES,
  MEDIA_PUBLIC_URL,
  PUBLIC_URL,
}: Pick<Config, 'MAIL_PICTURES' | 'MEDIA_PUBLIC_URL' | 'PUBLIC_URL'>): string | undefined {
  return MAIL_PICTURES ? (MEDIA_PUBLIC_URL ?? PUBLIC_URL) : undefined;
}

/**
 * The origins beside that of the pages from which browsers fetch files (one for files alone, and that of a store that answers them itself), and those to
 * which they post some: such a store.
 */
export function fileOrigins({ MEDIA_PUBLIC_URL, FILES_URL }: Pick<Config, 'MEDIA_PUBLIC_URL' | 'FILES_URL'>): {
  pictures: string[];
  posts: string[];
} {
  const posts = [directOrigin(FILES_URL)].filter((one) => one !== undefined);
  return { pictures: [...(MEDIA_PUBLIC_URL === undefined ? [] : [MEDIA_PUBLIC_URL]), ...posts], posts };
}
