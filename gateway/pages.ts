/** The web app's files: built when their sources are newer, then kept in memory. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';

/** A file as it is served. */
export interface PageFile {
  body: Buffer;
  /** The media type of the file. */
  type: string;
  /** ETag, Cache-Control and the security headers. */
  headers: Record<string, string>;
}

export interface Pages {
  /** The file at a path of the URL, as `/`, `/live.js`, `/assets/index-4f2a.js`; null where there is none. */
  file(path: string): PageFile | null;
}

export interface PagesOptions {
  log: Pick<Logger, 'info'>;
  /** The project's folder, with the sources, and with the built files in `dist/web/`. */
  root: string;
  /** Builds all files into a folder. */
  build(outDir: string): Promise<void>;
  /** The origins beside our own from which pages show pictures, and those to which they post files. */
  pictures?: readonly string[];
  posts?: readonly string[];
}

/** Files by their path in the URL. */
type Files = ReadonlyMap<string, PageFile>;

/** The sources of the pages. */
const SOURCES = ['realtime/client', 'contracts', 'package-lock.json'];

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The Content-Security-Policy: only files of this origin, pictures of these others too, no inline script or style, no frames, no requests and forms to elsewhere but for posted files. */
const policyWith = (pictures: readonly string[], posts: readonly string[]) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${["'self'", ...pictures].join(' ')}`,
    `connect-src ${["'self'", ...posts].join(' ')}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** Builds the pages if they are missing or old, and reads them. Rejects when the build fails. */
export async function openPages({ log, root, build, pictures = [], posts = [] }: PagesOptions): Promise<Pages> {
  const web = join(root, 'dist', 'web');
  const files = isOld(root, web) ? await make(web, build, log) : await readBetween(web);
  const policy = policyWith(pictures, posts);
  return {
    file: (path) => {
      const file = files.get(path === '/' ? '/index.html' : path);
      return file ? { ...file, headers: { ...file.headers, 'Content-Security-Policy': policy } } : null;
    },
  };
}

/** True where a source is newer than index.html, which bears the time at which its build began. */
function isOld(root: string, web: string): boolean {
  const built = statSync(join(web, 'index.html'), { throwIfNoEntry: false })?.mtimeMs;
  return built === undefined || !existsSync(join(web, 'live.js')) || SOURCES.some((source) => newest(join(root, source)) > built);
}

/** The time of the newest file at a path, in milliseconds since 1970; 0 where there is none. */
function newest(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  // The folder's own time changes when a file is deleted.
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => (name.includes('.test.') ? 0 : newest(join(path, name)))));
}

/** Builds into a new folder, reads it, and puts it in the old one's place: nobody serves half a build, even where two processes build at once. */
async function make(web: string, build: (outDir: string) => Promise<void>, log: PagesOptions['log']): Promise<Files> {
  const [begun, since] = [new Date(), performance.now()];
  const dist = join(web, '..');
  const fresh = join(dist, `.web-${randomUUID()}`);
  const old = `${fresh}-old`;
  await mkdir(fresh, { recursive: true });
  try {
    await build(fresh);
    await utimes(join(fresh, 'index.html'), begun, begun);
    const files = read(fresh);
    await rename(web, old).catch(unlessGone);
    await rename(fresh, web).catch(unlessThere);
    log.info({ ms: Math.round(performance.now() - since) }, 'built the web app');
    return files;
  } finally {
    await Promise.all([fresh, old].map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Ignores the error of a place that is taken: another process was faster, and its pages are as new as ours. */
function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

/** Reads the pages; tries again where they are missing for the moment in which another process replaces them. */
async function readBetween(web: string, attempts = 50): Promise<Files> {
  try {
    return read(web);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempts === 0) throw error;
    await setTimeout(20);
    return readBetween(web, attempts - 1);
  }
}

function read(web: string): Files {
  const paths = readdirSync(web, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    paths.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const url = `/${relative(web, path).split(sep).join('/')}`;
      return [url, fileOf(url, readFileSync(path))];
    }),
  );
}

function fileOf(url: string, body: Buffer): PageFile {
  return {
    body,
    type: TYPES[extname(url)] ?? 'application/octet-stream',
    headers: {
      ETag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      'Cache-Control': url.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
    },
  };
}
