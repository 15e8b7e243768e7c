/** Takes from the audit log what tells where somebody was: the fact, its time and the ids stay, because who is gone was there all the same. */
import type { SecretRecord, Secrets } from '../identity/secrets/secrets.ts';
import { type AuditRecord, type KeptEntry, whereabouts } from './audit-record.ts';

/**
 * Erases the networks of people from every entry of what they asked for, and of what somebody asked for on their account without being logged in, which was
 * most likely them. The networks of others stay. Resolves to the person of each entry that was changed; repeating it changes nothing more. What other
 * processes note meanwhile is not among them: call it once nobody can be logged in as one of them any more, and a few seconds after. Error:
 * SecretsUnavailable; some entries are erased then.
 */
export async function eraseFromAudit(secrets: Pick<Secrets, 'all' | 'get' | 'put'>, people: ReadonlySet<string>): Promise<string[]> {
  const erased: string[] = [];
  for await (const page of secrets.all('audit')) {
    for (const record of page) erased.push(...(await eraseInRecord(secrets, record as SecretRecord<AuditRecord>, people)));
  }
  return erased;
}

/** The number of entries that still tell where a person was. Error: SecretsUnavailable. */
export async function leftInAudit(secrets: Pick<Secrets, 'all'>, userId: string): Promise<number> {
  let left = 0;
  for await (const page of secrets.all('audit'))
    for (const { value } of page) left += (value as AuditRecord).entries.filter((entry) => whereabouts(entry) === userId).length;
  return left;
}

/** Erases in one record. Where another process adds to it meanwhile it is read again, as often as that happens. */
async function eraseInRecord(
  secrets: Pick<Secrets, 'get' | 'put'>,
  record: SecretRecord<AuditRecord>,
  people: ReadonlySet<string>,
): Promise<string[]> {
  const isTheirs = (entry: KeptEntry) => people.has(whereabouts(entry) ?? '');
  for (let next: SecretRecord<AuditRecord> | null = record; next; next = await secrets.get<AuditRecord>('audit', record.key)) {
    const { value, version, ...place }: SecretRecord<AuditRecord> = next;
    const found = value.entries.filter(isTheirs);
    if (found.length === 0) return [];
    const entries = value.entries.map((entry) => (isTheirs(entry) ? { ...entry, network: '' } : entry));
    if (await secrets.put('audit', { ...place, value: { entries } satisfies AuditRecord }, version))
      return found.flatMap((one) => whereabouts(one) ?? []);
  }
  return [];
}
