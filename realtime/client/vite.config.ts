/** The builds of the web app (index.html) and the browser library (live.js): for build-client.ts, and `npx vite realtime/client` in development. */
import { fileURLToPath } from 'node:url';
import { defineConfig, type InlineConfig, type Plugin } from 'vite';
import { KINDS, kinds } from '../../contracts/notifications/kinds.ts';

const root = fileURLToPath(new URL('./', import.meta.url));
const server = process.env.PUBLIC_URL ?? 'http://127.0.0.1:3000';

const STAND_IN = '\0zod';

/**
 * Leaves zod out of the page, which reads the contracts' constants and leaves checking to the server:
 * a stand-in takes every call that makes a schema, and throws where a schema would be used.
 */
const withoutZod: Plugin = {
  name: 'without-zod',
  enforce: 'pre',
  resolveId: (source) => (source === 'zod' ? STAND_IN : undefined),
  load: (id) => (id === STAND_IN ? STAND_IN_SOURCE : undefined),
};
const STAND_IN_SOURCE = `
const used = /^(safe)?parse(Async)?$/;
export const z = new Proxy(() => z, {
  get: (_, name) => { if (used.test(String(name))) throw new Error('schemas are not in the page'); return z; },
  apply: () => z,
});
`;

/**
 * Leaves the words of notifications out of the page: the server makes the texts of mails and of the inbox. Of the kinds' records the page needs
 * only `aloud`.
 */
const withoutWords: Plugin = {
  name: 'without-words',
  enforce: 'pre',
  resolveId: (source) => (source.endsWith('/notifications/kinds.ts') ? WORDLESS : undefined),
  load: (id) => (id === WORDLESS ? WORDLESS_SOURCE : undefined),
};
const WORDLESS = '\0kinds';
const WORDLESS_SOURCE = `
export const kinds = ${JSON.stringify(kinds, [...KINDS, 'aloud'])};
export const KINDS = Object.keys(kinds);
`;
const plugins = [withoutZod, withoutWords];

const common: InlineConfig = { root, configFile: false, logLevel: 'warn' };
const files = { target: 'es2022', emptyOutDir: false, reportCompressedSize: false };

/** The build of the web app into `outDir`: index.html, favicon.svg and hashed files under assets/. */
export function app(outDir: string): InlineConfig {
  // Every asset is its own file, because the page's security policy allows no `data:`.
  return { ...common, plugins, build: { ...files, outDir, assetsInlineLimit: 0, modulePreload: { polyfill: false } } };
}

/** The build of the browser library into `outDir`: live.js, one ES module without imports. */
export function library(outDir: string): InlineConfig {
  const lib = { entry: `${root}live.ts`, formats: ['es' as const], fileName: () => 'live.js' };
  return { ...common, publicDir: false, build: { ...files, outDir, lib, minify: true } };
}

export default defineConfig({
  root,
  plugins,
  server: { proxy: { '/api': server, '/socket.io': { target: server, ws: true } } },
});
