/** The room of a day in the audit log: a stranger who causes entries without end fills no disk, and pushes out nothing that others did. */
import type { AuditKind } from '../../contracts/audit.ts';
import type { Audited } from '../../platform/http/audited.ts';

export interface Room {
  /** What is to be noted: the entry itself, or that there was no room for it. */
  take(seen: Audited, day: string): Audited;
}

/** Entries of a day in one process: of strangers and refusals; of what people did; of the use of keys; and of what changes rights, which nobody does so often. */
const MOST = { refused: 5_000, done: 20_000, keyUse: 20_000, rights: 20_000 } as const;

/** Entries of refusals of a day that one network may cause in one process. */
const MOST_OF_NETWORK = 500;

const OF_RIGHTS: ReadonlySet<AuditKind> = new Set(['role', 'account', 'api-key', 'second-factor', 'sign-in', 'invitation', 'outbox', 'operation']);

export function openRoom(): Room {
  let today = '';
  let used: Record<keyof typeof MOST, number>;
  let refusedBy: Map<string, number>;

  /** True where the network may cause one more refusal; it is counted then. Networks that are remembered are no more than entries of refusals. */
  function mayBeRefused(network: string): boolean {
    const before = refusedBy.get(network) ?? 0;
    if (before >= MOST_OF_NETWORK) return false;
    refusedBy.set(network, before + 1);
    return true;
  }

  function isThereRoom({ network }: Audited, shelf: keyof typeof MOST): boolean {
    if (used[shelf] >= MOST[shelf] || (shelf === 'refused' && !mayBeRefused(network))) return false;
    used[shelf]++;
    return true;
  }

  return {
    take: (seen, day) => {
      if (day !== today) [today, used, refusedBy] = [day, { refused: 0, done: 0, keyUse: 0, rights: 0 }, new Map()];
      return isThereRoom(seen, shelfOf(seen)) ? seen : { ...LEFT_OUT, outcome: seen.outcome };
    },
  };
}

function shelfOf({ outcome, kind }: Audited): keyof typeof MOST {
  if (outcome === 'refused') return 'refused';
  if (kind === 'key-use') return 'keyUse';
  return OF_RIGHTS.has(kind) ? 'rights' : 'done';
}

const LEFT_OUT = { kind: 'left-out', status: 0, row: '', user: null, about: null, network: '' } as const;
