/** Opens the secrets store that the scheme of a URL names. */
import type { Reaching } from '../../../platform/connections/reach.ts';
import type { FoldingLog } from '../../../platform/sqlite/folding.ts';
import type { Secrets } from './secrets.ts';
import { openSqliteSecrets, type SecretsLog } from './sqlite/sqlite.ts';

export interface OpenSecrets extends Omit<Reaching, 'log'> {
  /** The folder of embedded stores. */
  dataDir: string;
  log: SecretsLog & Partial<Reaching['log'] & FoldingLog>;
  /** Called once when an embedded store can write nothing more until it is opened anew. */
  ended?: ((error: Error) => void) | undefined;
  /** The installation whose a server's database is to be; null: nobody asks whose it is. */
  installation?: string | null | undefined;
  /** The clock, for tests. */
  now?: () => Date;
}

/**
 * Opens the secrets store: `sqlite:` is `<dataDir>/secrets.db`, `sqlite:/a/path` another file; `mongodb:` and `mongodb+srv:` a server,
 * which is waited for. Errors: one with a message for the operator, when it cannot be opened; ServerRefused.
 */
export async function openSecrets(url: string | undefined, { dataDir, log, ended, installation, ...options }: OpenSecrets): Promise<Secrets> {
  const [whole, scheme, rest = ''] = /^([a-z+]+):(.*)$/.exec(url ?? 'sqlite:') ?? [];
  if (scheme === 'sqlite') return openSqliteSecrets(rest || `${dataDir}/secrets.db`, { ...options, log, ended });
  if (whole && (scheme === 'mongodb' || scheme === 'mongodb+srv')) {
    // The client of a server is loaded only where the server is used.
    const { openMongoSecrets } = await import('./mongodb/mongodb.ts');
    return openMongoSecrets(whole, {
      ...options,
      installation,
      log: { info: (data, message) => log.info?.(data, message), warn: (data, message) => log.warn(data, message) },
    });
  }
  throw new Error(`SECRETS_URL: ${scheme ?? 'no scheme'}: is not known here; use sqlite: or mongodb:`);
}
