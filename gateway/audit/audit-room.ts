/** The room of a day in the audit log: a stranger who causes entries without end fills no disk, and pushes out nothing that others did. */
import type { AuditKind } from '../../contracts/audit.ts';
import type { Audited } from '../../platform/http/audited.ts';

export interface Room {
  /** What is to be noted: the entry itself, or that there was no room for it. */
  take(seen: Audited, day: string): Audited;
}

/** A shelf: its entries of a day in one process, and those of them that one network may cause. */
interface Shelf {
  most: number;
  ofNetwork: number;
}

/**
 * What strangers cause without end is on shelves of its own, with a share for each network: refusals, what nobody logged in does (registrations,
 * requests for links), and logins, which any account is good for. What people did, the use of keys, and what changes rights are on others.
 */
const SHELVES = {
  refused: { most: 5_000, ofNetwork: 500 },
  strangers: { most: 20_000, ofNetwork: 500 },
  logins: { most: 20_000, ofNetwork: 5_000 },
  done: { most: 20_000, ofNetwork: 20_000 },
  keyUse: { most: 20_000, ofNetwork: 20_000 },
  rights: { most: 20_000, ofNetwork: 20_000 },
} as const satisfies Record<string, Shelf>;
type ShelfName = keyof typeof SHELVES;

const OF_RIGHTS: ReadonlySet<AuditKind> = new Set(['role', 'account', 'api-key', 'second-factor', 'sign-in', 'invitation', 'outbox', 'operation']);

export function openRoom(): Room {
  let today = '';
  /** Entries of today by shelf, and by shelf and network; of networks there are no more than entries. */
  let used = new Map<string, number>();

  const usedOf = (key: string) => used.get(key) ?? 0;

  function isThereRoom({ network }: Audited, shelf: ShelfName): boolean {
    const { most, ofNetwork } = SHELVES[shelf];
    const share = `${shelf} ${siteOf(network)}`;
    if (usedOf(shelf) >= most || usedOf(share) >= ofNetwork) return false;
    for (const key of [shelf, share]) used.set(key, usedOf(key) + 1);
    return true;
  }

  return {
    take: (seen, day) => {
      if (day !== today) [today, used] = [day, new Map()];
      return isThereRoom(seen, shelfOf(seen)) ? seen : { ...LEFT_OUT, outcome: seen.outcome };
    },
  };
}

function shelfOf(seen: Audited): ShelfName {
  const { outcome, kind } = seen;
  if (outcome === 'refused') return 'refused';
  if (kind === 'key-use') return 'keyUse';
  if (kind === 'login') return 'logins';
  if (OF_RIGHTS.has(kind)) return 'rights';
  return isOfStranger(seen) ? 'strangers' : 'done';
}

/** What anybody may cause to be done, of whatever account. Who finishes what a mail began has that mail. */
const ANYBODYS: ReadonlySet<string> = new Set(['POST /api/confirmation-mails', 'POST /api/password-resets']);

function isOfStranger({ kind, row, user, about }: Audited): boolean {
  return user === null && (about === null || kind === 'registration' || ANYBODYS.has(row));
}

/** What shares a share: an IPv4 address, or the /48 of an IPv6 network, of which one subscriber may have 65,536. */
function siteOf(network: string): string {
  return network.endsWith('::/64') ? network.split(':').slice(0, 3).join(':') : network;
}

const LEFT_OUT = { kind: 'left-out', status: 0, row: '', user: null, about: null, network: '' } as const;
