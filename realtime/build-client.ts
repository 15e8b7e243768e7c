/** Builds the web app and the browser library from client/. */

/**
 * Builds both into `outDir`. Vite is loaded only here, so that a start with pages that are new enough does not pay for it. NODE_ENV is
 * `production` meanwhile, because the pages are kept, also where a test builds them first. Rejects when the build fails.
 */
export async function buildClient(outDir: string): Promise<void> {
  const [{ build }, { app, library }] = await Promise.all([import('vite'), import('./client/vite.config.ts')]);
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    await build(app(outDir));
    await build(library(outDir));
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}
