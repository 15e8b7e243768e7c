/** Takes from the audit log what tells where somebody was: the fact, its time and the ids stay, because who is gone was there all the same. */
import type { SecretRecord, Secrets } from '../identity/secrets/secrets.ts';
import type { AuditRecord, KeptEntry } from './audit-record.ts';

/**
 * Erases a person's networks from every entry of what they asked for, and of what somebody asked for on their account without being logged in, which was
 * most likely them. The networks of others stay. Resolves to the number of entries that were changed; repeating it changes nothing more. What other
 * processes note meanwhile is not among them: call it once nobody can be logged in as that person any more, and a few seconds after. Error:
 * SecretsUnavailable; some entries are erased then.
 */
export async function eraseFromAudit(secrets: Pick<Secrets, 'all' | 'get' | 'put'>, userId: string): Promise<number> {
  let erased = 0;
  for await (const page of secrets.all('audit')) {
    for (const record of page) erased += await eraseInRecord(secrets, record as SecretRecord<AuditRecord>, userId);
  }
  return erased;
}

/** The number of entries that still tell where a person was. Error: SecretsUnavailable. */
export async function leftInAudit(secrets: Pick<Secrets, 'all'>, userId: string): Promise<number> {
  let left = 0;
  for await (const page of secrets.all('audit'))
    for (const { value } of page) left += (value as AuditRecord).entries.filter((entry) => tellsWhere(entry, userId)).length;
  return left;
}

/** Erases in one record. Where another process adds to it meanwhile it is read again, as often as that happens. */
async function eraseInRecord(secrets: Pick<Secrets, 'get' | 'put'>, record: SecretRecord<AuditRecord>, userId: string): Promise<number> {
  for (let next: SecretRecord<AuditRecord> | null = record; next; next = await secrets.get<AuditRecord>('audit', record.key)) {
    const { value, version, ...place }: SecretRecord<AuditRecord> = next;
    const found = value.entries.filter((entry) => tellsWhere(entry, userId)).length;
    if (found === 0) return 0;
    const entries = value.entries.map((entry) => (tellsWhere(entry, userId) ? { ...entry, network: '' } : entry));
    if (await secrets.put('audit', { ...place, value: { entries } satisfies AuditRecord }, version)) return found;
  }
  return 0;
}

function tellsWhere({ user, about, network }: KeptEntry, userId: string): boolean {
  return network !== '' && (user === userId || (user === null && about === userId));
}
