/** Picks the implementation of the read models by the URL's scheme. */
import { join } from 'node:path';
import type { Reaching } from '../connections/reach.ts';
import type { FoldingLog } from '../sqlite/folding.ts';
import type { ReadModels } from './read-models.ts';
import type { FileLog } from './sqlite/file.ts';
import { openSqliteReadModels } from './sqlite/sqlite.ts';

export interface OpenReadModels extends Omit<Reaching, 'log'> {
  /** Folder of the embedded store's file where the URL names none. */
  dataDir: string;
  log: FileLog & Partial<Reaching['log'] & FoldingLog>;
  /** Called once when an embedded store can write nothing more until it is opened anew. */
  ended?: ((error: Error) => void) | undefined;
  /** The installation whose a server's database is to be; null: nobody asks whose it is. */
  installation?: string | null | undefined;
}

/**
 * Opens the read models. `sqlite:` is the file `read-models.db` in `dataDir`, `sqlite:<path>` another one; `mongodb:` and `mongodb+srv:` are a
 * server, which is waited for. Rejects for any other scheme, where the file cannot be opened, and with ServerRefused.
 */
export async function openReadModels(url: string, { dataDir, log, ended, ...reaching }: OpenReadModels): Promise<ReadModels> {
  const scheme = url.slice(0, url.indexOf(':') + 1);
  if (scheme === 'sqlite:') return openSqliteReadModels(url.slice(scheme.length) || join(dataDir, 'read-models.db'), { log, ended });
  if (scheme === 'mongodb:' || scheme === 'mongodb+srv:') {
    // Loaded here: a process without such a server does not pay for its client.
    const { openMongoReadModels } = await import('./mongodb/mongodb.ts');
    return openMongoReadModels(url, {
      ...reaching,
      log: { info: (data, message) => log.info?.(data, message), warn: (data, message) => log.warn(data, message) },
    });
  }
  throw new Error(`READ_MODELS_URL must begin with sqlite: or mongodb: (not ${scheme || JSON.stringify(url)})`);
}
