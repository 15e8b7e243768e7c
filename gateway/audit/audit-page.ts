/** Pages of the audit log, newest first: day after day is read until a page is full. */
import type { AuditEntry, AuditKind } from '../../contracts/audit.ts';
import type { SecretRecord } from '../identity/secrets/secrets.ts';
import { type AuditRecord, dayOf } from './audit-record.ts';

export interface AuditFilter {
  /** The id of a user: who asked, or whom it is about. */
  user?: string | undefined;
  kind?: AuditKind | undefined;
  outcome?: AuditEntry['outcome'] | undefined;
  network?: string | undefined;
  /** The earliest and the latest time (ISO 8601, UTC). */
  from?: string | undefined;
  to?: string | undefined;
  /** The entry after which the page begins. */
  after?: Pick<AuditEntry, 'time' | 'id'> | undefined;
  limit: number;
}

export interface AuditPage {
  items: AuditEntry[];
  /** True where there are more. */
  more: boolean;
}

export interface PageOptions {
  filter: AuditFilter;
  /** The days for which entries are kept. */
  days: number;
  now: Date;
  /** The records of a day. */
  records(day: string): Promise<SecretRecord<AuditRecord>[]>;
}

const DAY = 24 * 3_600_000;

export async function auditPage({ filter, days, now, records }: PageOptions): Promise<AuditPage> {
  const { from = '', to, after, limit } = filter;
  const oldest = [dayOf(from), dayOf(new Date(now.getTime() - days * DAY).toISOString())].toSorted().at(-1) ?? '';
  // A clock that was set back left entries of days to come.
  const newest = [dayOf(to ?? '9'), after ? dayOf(after.time) : '9', dayOf(new Date(now.getTime() + DAY).toISOString())].toSorted()[0] ?? '';
  const found: AuditEntry[] = [];
  for (let day = newest; day >= oldest && found.length <= limit; day = before(day)) {
    const entries = (await records(day)).flatMap(entriesOf).filter((entry) => fits(entry, filter));
    found.push(...entries.toSorted(newestFirst));
  }
  return { items: found.slice(0, limit), more: found.length > limit };
}

function before(day: string): string {
  return dayOf(new Date(Date.parse(`${day}T00:00:00.000Z`) - DAY).toISOString());
}

function entriesOf({ key, value }: SecretRecord<AuditRecord>): AuditEntry[] {
  return value.entries.map((entry, index) => ({ id: `${key.slice(11)}-${index}`, ...entry }));
}

function fits(entry: AuditEntry, filter: AuditFilter): boolean {
  const { user, from = '', to = '9', after } = filter;
  const isWanted = (['kind', 'outcome', 'network'] as const).every((field) => filter[field] === undefined || filter[field] === entry[field]);
  const isOfUser = user === undefined || [entry.user, entry.about].includes(user);
  return isWanted && isOfUser && entry.last >= from && entry.time <= to && (!after || newestFirst(after, entry) < 0);
}

type Placed = Pick<AuditEntry, 'time' | 'id'>;

function newestFirst(one: Placed, other: Placed): number {
  const [first, second] = [`${one.time} ${one.id}`, `${other.time} ${other.id}`];
  return Number(first < second) - Number(first > second);
}
