/** Picks the implementation of the read models by the URL's scheme. */
import { join } from 'node:path';
import type { ReadModels } from './read-models.ts';
import { openSqliteReadModels } from './sqlite.ts';
import type { Log } from './sqlite-file.ts';

/**
 * Opens the read models. `sqlite:` is the file `read-models.db` in `dataDir`, `sqlite:<path>` another one.
 * Rejects for any other scheme, and where the file cannot be opened.
 */
export async function openReadModels(url: string, options: { dataDir: string; log: Log }): Promise<ReadModels> {
  const scheme = url.slice(0, url.indexOf(':') + 1);
  if (scheme !== 'sqlite:') throw new Error(`READ_MODELS_URL must begin with sqlite: (not ${scheme || JSON.stringify(url)})`);
  return openSqliteReadModels(url.slice(scheme.length) || join(options.dataDir, 'read-models.db'), options);
}
