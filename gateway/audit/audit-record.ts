/** The records of the audit log in the secrets: each has entries of one day, which is its owner. */
import type { AuditEntry } from '../../contracts/audit.ts';

/** An entry as it is stored: its id is that of its record and its place in it. */
export type KeptEntry = Omit<AuditEntry, 'id'>;

/** The value of a record: its entries, oldest first. */
export interface AuditRecord {
  entries: KeptEntry[];
}

/** Whose network an entry tells: of who asked, or, where nobody was logged in, of whose account it is; null where it tells none, or of nobody. */
export function whereabouts({ user, about, network }: Pick<AuditEntry, 'user' | 'about' | 'network'>): string | null {
  return network === '' ? null : (user ?? about);
}

/** The day of a time (ISO 8601, UTC). */
export const dayOf = (time: string) => time.slice(0, 10);
