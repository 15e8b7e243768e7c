/** Moving secrets: every record as it is, with version, owner and end. */

import { isDeepStrictEqual } from 'node:util';
import { isOfMaster } from '../../../gateway/identity/person-keys/master-keys.ts';
import { SECRET_KINDS, type SecretKind, type SecretRecord, type Secrets } from '../../../gateway/identity/secrets/secrets.ts';
import { UserError } from '../../../platform/user-error.ts';
import { patiently } from './append.ts';
import { eachOf } from './events.ts';
import { differs, EMPTY } from './refused.ts';

/** The kinds in the order of the move. The installation's keys come first, because they identify whose secrets these are. */
const KINDS: readonly SecretKind[] = ['keys', ...SECRET_KINDS.filter((kind) => kind !== 'keys')];

/** Checks that the target holds no secrets, or those of this installation. Error: `UserError`. */
export async function checkSecrets(source: Secrets, target: Secrets): Promise<void> {
  for await (const { kind, record } of everyOne(target)) {
    const mine = kind === 'keys' ? await source.get(kind, record.key) : null;
    if (isDeepStrictEqual(mine?.value, record.value)) return;
    throw new UserError(`The target's secrets are those of another installation. ${EMPTY}`);
  }
}

/**
 * True for a key that the target may have beyond the source's: of people whose events were clear, made when those were sealed on their way; and the master
 * key, where the source had none yet.
 */
function isMadeHere(kind: SecretKind, key: string): boolean {
  return kind === 'person-keys' || (kind === 'keys' && isOfMaster(key));
}

/** Makes the target's secrets equal to the source's: records that the source lacks are deleted, but for the keys of what was sealed on its way. */
export async function copySecrets(source: Secrets, target: Secrets): Promise<void> {
  const patient = <T>(work: () => Promise<T>) => patiently(work, 'secrets');
  for await (const { kind, record } of everyOne(source))
    if (!(await patient(() => has(target, kind, record)))) await patient(() => target.restore(kind, record));
  for await (const { kind, record } of everyOne(target))
    if (!isMadeHere(kind, record.key) && !(await source.get(kind, record.key))) await patient(() => target.delete(kind, record.key));
}

/** Compares both stores, but for records that end meanwhile; resolves to the number of records. Error: `UserError` where they differ. */
export async function compareSecrets(source: Secrets, target: Secrets): Promise<number> {
  let count = 0;
  for await (const { kind, record } of everyOne(source)) {
    if (!(await has(target, kind, record)) && (await source.get(kind, record.key))) throw differs(`one of the ${kind} is not there as it was`);
    count++;
  }
  for await (const { kind, record } of everyOne(target))
    if (!isMadeHere(kind, record.key) && !(await source.get(kind, record.key)) && (await target.get(kind, record.key)))
      throw differs(`there is one of the ${kind} more`);
  return count;
}

async function* everyOne(secrets: Secrets): AsyncGenerator<{ kind: SecretKind; record: SecretRecord }> {
  for (const kind of KINDS) for await (const record of eachOf(secrets.all(kind))) yield { kind, record };
}

async function has(target: Secrets, kind: SecretKind, record: SecretRecord): Promise<boolean> {
  return isDeepStrictEqual(await target.get(kind, record.key), record);
}
