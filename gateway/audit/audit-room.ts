/** The room of a day in the audit log: a stranger who causes entries without end fills no disk, and pushes out nothing that others did. */
import type { AuditKind } from '../../contracts/audit.ts';
import type { Audited } from '../../platform/http/audited.ts';

export interface Room {
  /** What is to be noted: the entry itself, or that there was no room for it. */
  take(seen: Audited, day: string): Audited;
}

/** Entries of a day in one process: of strangers and refusals; of what people and keys did; and of what changes rights, which nobody does so often. */
const MOST = { refused: 5_000, done: 20_000, rights: 20_000 } as const;

const OF_RIGHTS: ReadonlySet<AuditKind> = new Set(['role', 'account', 'api-key', 'second-factor', 'invitation', 'outbox']);

export function openRoom(): Room {
  let today = '';
  let used: Record<keyof typeof MOST, number>;

  return {
    take: (seen, day) => {
      if (day !== today) [today, used] = [day, { refused: 0, done: 0, rights: 0 }];
      const shelf = shelfOf(seen);
      return used[shelf]++ < MOST[shelf] ? seen : { ...LEFT_OUT, outcome: seen.outcome };
    },
  };
}

function shelfOf({ outcome, kind }: Audited): keyof typeof MOST {
  if (outcome === 'refused') return 'refused';
  return OF_RIGHTS.has(kind) ? 'rights' : 'done';
}

const LEFT_OUT = { kind: 'left-out', status: 0, row: '', user: null, about: null, network: '' } as const;
