/** `npm start -- verify-erasure <file>`: checks a certificate of an erasure against the stores. */
import { readFileSync } from 'node:fs';
import { type ErasureCertificate, type ErasureCheck, FILES_NOT_SEEN } from '../../contracts/erasure.ts';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import { UserError } from '../../platform/user-error.ts';
import { commandWords, misused } from '../command-options.ts';
import type { Config } from '../config.ts';
import { lineOfCount } from '../erasing/check.ts';
import { objectsLeft } from '../erasing/files-of.ts';
import { isEmbedded } from '../parts.ts';
import { asOperator } from './as-operator.ts';
import { filesAt } from './media.ts';
import { print } from './print.ts';

/** Prints what was found, line by line, and what cannot be known. Error: `UserError` where the file is none, or where something is left. */
export async function verifyErasure(config: Config, args: string[]): Promise<void> {
  const certificate = documentIn(fileOf(args));
  let check: ErasureCheck | undefined;
  await asOperator(config, async (ask) => {
    check = await ask<ErasureCheck>('POST', '/api/admin/erasures/verify', { certificate });
  });
  if (!check) throw new UserError('The check gave no answer. Try again.');
  const lines = [...check.lines, ...(await linesOfFiles(config, certificate, check.files))];
  for (const { what, ok, found } of lines) print(`${ok ? 'ok ' : 'NOT'}  ${what}: ${found}`);
  const notKnown = check.notKnown.flatMap((one) => (one === FILES_NOT_SEEN ? notSeen(config) : [one]));
  print(['Not known:', ...notKnown.map((one) => `  ${one}`)].join('\n'));
  const wrong = lines.filter(({ ok }) => !ok).length;
  if (wrong > 0)
    throw new UserError(
      `${wrong} of ${lines.length} is not as the certificate says. An erasure that is under way is asked for at GET /api/users/<id>/erasure.`,
    );
}

/** False where the events are on a server, and no store of files is named: what is in DATA_DIR then is none, whatever the part `media` has. */
const seesFiles = ({ EVENT_STORE_URL, FILES_URL }: Config) => isEmbedded(EVENT_STORE_URL) || !isEmbedded(FILES_URL);

/** What is said of the bytes of files where they are not looked at; nothing where they are. */
function notSeen(config: Config): string[] {
  return seesFiles(config)
    ? []
    : [`${FILES_NOT_SEEN}; nor does this command where FILES_URL names no store: run it in the environment of the part media`];
}

/** Looks for the bytes of files in the store of files, also beside a process that runs: of what the log names, and of what was posted and not received. */
async function linesOfFiles(config: Config, certificate: unknown, ids: readonly string[] | undefined): Promise<ErasureCheck['lines']> {
  if (!ids || !seesFiles(config)) return [];
  const { person } = certificate as ErasureCertificate;
  const what = 'the store of files: bytes';
  const files = await filesAt(config.FILES_URL, config);
  try {
    return [lineOfCount(what, await objectsLeft(files, person, ids), 'objects are there')];
  } catch (error) {
    const away = unavailableIn(error);
    if (!away) throw error;
    return [{ what, ok: false, found: 'it cannot be reached, so nothing is known of it' }];
  } finally {
    await files.close();
  }
}

/** The one word that is given. Error: ConfigError. */
function fileOf(args: string[]): string {
  const [file, ...more] = commandWords('verify-erasure', args).words;
  if (file === undefined || more.length > 0) throw misused('verify-erasure', 'it takes one file, with a certificate');
  return file;
}

function documentIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new UserError(code ? `${file} cannot be read (${code}).` : `${file} is not JSON.`, { cause });
  }
}
