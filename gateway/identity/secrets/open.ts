/** The URL's scheme picks the implementation. */
import type { Secrets } from './secrets.ts';
import { openSqliteSecrets, type SecretsLog } from './sqlite.ts';

export interface OpenSecrets {
  /** Folder of embedded stores. */
  dataDir: string;
  log: SecretsLog;
  /** The clock, for tests. */
  now?: () => Date;
}

/**
 * Opens the secrets store: `sqlite:` is `<dataDir>/secrets.db`, `sqlite:/a/path` another file.
 * Error: one with a message for the operator, when it cannot be opened.
 */
export async function openSecrets(url: string | undefined, options: OpenSecrets): Promise<Secrets> {
  const [, scheme, rest = ''] = /^([a-z+]+):(.*)$/.exec(url ?? 'sqlite:') ?? [];
  if (scheme === 'sqlite') return openSqliteSecrets(rest || `${options.dataDir}/secrets.db`, options);
  throw new Error(`SECRETS_URL: ${scheme ?? 'no scheme'}: is not known here; use sqlite:`);
}
