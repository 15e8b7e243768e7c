/**
 * The audit log: entries are kept in the secrets, some hundred to a record, so that they can be found by day, are destroyed after their time, and
 * one of them can be changed where a person is erased. What is noted waits here for a second: nobody waits for the log, and nothing fails with it.
 *
 *     const log = openAuditLog({ secrets, days: 90, log });
 *     log.note({ kind: 'login', outcome: 'done', status: 200, row: 'POST /api/login', user: null, about: alice, network: '192.0.2.7' });
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type AbsencesLog, absencesIn } from '../../platform/absences/absences.ts';
import type { Audited } from '../../platform/http/audited.ts';
import type { SecretRecord, Secrets } from '../identity/secrets/secrets.ts';
import { type AuditFilter, type AuditPage, auditPage } from './audit-page.ts';
import { type AuditRecord, dayOf, type KeptEntry } from './audit-record.ts';
import { openRoom } from './audit-room.ts';

export interface AuditLogOptions {
  secrets: Pick<Secrets, 'put' | 'list'>;
  /** AUDIT_DAYS. */
  days: number;
  log: AbsencesLog;
  /** Called with the number of entries that were given up, for /metrics. */
  lost?(entries: number): void;
  now?: () => Date;
  /** Milliseconds between two writes; default 1,000. */
  every?: number;
}

export interface AuditLog {
  /** Notes what happened. Neither waits nor throws. */
  note(seen: Audited): void;
  /** Writes what waits; resolves once it was tried. */
  flush(): Promise<void>;
  /** Resolves to a page of what is written, newest first. Rejects with SecretsUnavailable. */
  page(filter: AuditFilter): Promise<AuditPage>;
  /** Writes what waits, for a second at most, and ends. */
  close(): Promise<void>;
}

/** Different entries that may wait; more are lost, and counted. */
const WAITING = 1_000;
/** Entries of a record: about 50 KB. */
const OF_RECORD = 200;
/** Milliseconds within which the same again is counted instead of noted anew. */
const SAME = 60_000;
/** Different entries of the last minute that are remembered, so that the same again takes no room. */
const RECENT = 1_000;
const DAY = 24 * 3_600_000;

/** What waits to be written. What is likely to be counted in an entry of the last minute has taken no room yet. */
interface Waiting {
  entry: KeptEntry;
  hasRoom: boolean;
}

interface Segment {
  key: string;
  day: string;
  version: number;
  entries: KeptEntry[];
}

export function openAuditLog({ secrets, days, log, lost = () => {}, now = () => new Date(), every = 1_000 }: AuditLogOptions): AuditLog {
  const room = openRoom();
  let waiting = new Map<string, Waiting>();
  /** The times (ms since 1970) at which entries took room, by their signatures. */
  const recent = new LRUCache<string, number>({ max: RECENT });
  let segment: Segment | null = null;
  /** A write whose outcome nobody heard of: it is tried again as it was, so that it is not done twice. */
  let unheard: Segment | null = null;
  let writing: Promise<void> | undefined;
  const timer = setInterval(() => void flush(), every).unref();

  function note(seen: Audited): void {
    const time = now().toISOString();
    if (isCounted(seen, time)) return;
    const before = recent.get(signatureOf(seen));
    const hasRoom = before === undefined || Date.parse(time) - before >= SAME;
    const granted = hasRoom ? room.take(seen, dayOf(time)) : seen;
    if (!isCounted(granted, time)) wait({ entry: { ...granted, time, last: time, count: 1 }, hasRoom });
  }

  function wait(one: Waiting): void {
    const signature = signatureOf(one.entry);
    if (waiting.size >= WAITING) lost(1);
    else waiting.set(signature, one);
    if (one.hasRoom) recent.set(signature, Date.parse(one.entry.time));
  }

  /** True where the same waits, in which this one is counted now. */
  function isCounted(seen: Audited, last: string): boolean {
    const known = waiting.get(signatureOf(seen))?.entry;
    if (known) Object.assign(known, { last, count: known.count + 1 });
    return known !== undefined;
  }

  /** Takes room for what turns out to be an entry of its own. */
  function claimRoom(one: Waiting): void {
    if (!one.hasRoom) Object.assign(one.entry, room.take(one.entry, dayOf(now().toISOString())));
    one.hasRoom = true;
  }

  function flush(): Promise<void> {
    writing ??= write()
      .catch((error: unknown) => {
        if (!absencesIn(log).failed(error)) log.warn({ err: error }, 'the audit log cannot be written; it is tried again');
      })
      .finally(() => {
        writing = undefined;
      });
    return writing;
  }

  async function write(): Promise<void> {
    // Where it was written after all, somebody else's version is there now: ours.
    if (unheard) await put(unheard);
    for (let taken = take(); taken; taken = take()) await store(taken);
  }

  /** Takes what waits of one day, as much as a record may have. */
  function take(): { day: string; taken: Waiting[] } | null {
    const [first] = waiting.values();
    if (!first) return null;
    const day = dayOf(first.entry.time);
    const taken = [...waiting].filter(([, { entry }]) => dayOf(entry.time) === day).slice(0, OF_RECORD);
    for (const [signature] of taken) waiting.delete(signature);
    return { day, taken: taken.map(([, one]) => one) };
  }

  /** Adds entries to the record at hand. Where somebody else changed that, who may have erased a person, theirs stays, and these begin another. */
  async function store({ day, taken }: { day: string; taken: Waiting[] }): Promise<void> {
    const before = segment?.day === day && segment.entries.length < OF_RECORD ? segment : emptySegment(day);
    const added = (to: Segment) => ({ ...to, entries: withAll(to.entries, taken, claimRoom) });
    if (!(await put(added(before)))) await put(added(emptySegment(day)));
  }

  /** Writes a record; false where another version of it is there. */
  async function put(next: Segment): Promise<boolean> {
    unheard = next;
    const { key, day, version, entries } = next;
    const expires = new Date(Date.parse(`${day}T00:00:00.000Z`) + (days + 1) * DAY).toISOString();
    const isWritten = await secrets.put('audit', { key, value: { entries } satisfies AuditRecord, owner: day, expires }, version);
    unheard = null;
    segment = isWritten ? { ...next, version: version + 1 } : null;
    return isWritten;
  }

  return {
    note,
    flush,
    page: (filter) => auditPage({ filter, days, now: now(), records: (day) => secrets.list('audit', day) as Promise<SecretRecord<AuditRecord>[]> }),
    close: async () => {
      clearInterval(timer);
      await Promise.race([flush(), delay(1_000, undefined, { ref: false })]);
      lost(waiting.size);
      waiting = new Map();
    },
  };
}

function emptySegment(day: string): Segment {
  return { key: `${day} ${randomUUID()}`, day, version: 0, entries: [] };
}

/** The entries with more of them; one that is the same as an entry of the last minute is counted there. */
function withAll(entries: readonly KeptEntry[], more: readonly Waiting[], claimRoom: (one: Waiting) => void): KeptEntry[] {
  const all = [...entries];
  const places = new Map(all.map((one, index) => [signatureOf(one), index]));
  const isCounted = (one: KeptEntry) => {
    const place = places.get(signatureOf(one));
    const known = place === undefined ? undefined : all[place];
    if (place === undefined || !known || Date.parse(one.time) - Date.parse(known.time) >= SAME) return false;
    all[place] = { ...known, last: one.last, count: known.count + one.count };
    return true;
  };
  for (const one of more) {
    if (isCounted(one.entry)) continue;
    claimRoom(one);
    // Without room it is one of those that were left out.
    if (!isCounted(one.entry)) places.set(signatureOf(one.entry), all.push(one.entry) - 1);
  }
  return all;
}

function signatureOf({ kind, outcome, status, row, user, about, network }: Audited): string {
  return JSON.stringify([kind, outcome, status, row, user, about, network]);
}
