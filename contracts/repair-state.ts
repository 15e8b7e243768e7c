/** Repair requests: their states, which may follow which, and who may do what to one. */
import { z } from 'zod';
import type { Actor } from './aggregate.ts';
import { rolesAtAsset } from './asset.ts';
import type { SiteRole } from './post.ts';
import { topicsAtSite } from './site.ts';

/** The states of a request. `closed`: done, and nobody confirmed or reopened it in time. `merged`: it is a duplicate of another one. */
export const REPAIR_STATES = [
  ...(['filed', 'triaged', 'assigned', 'in-progress', 'waiting', 'done'] as const),
  ...(['confirmed', 'closed', 'cancelled', 'merged'] as const),
] as const;
export const repairState = z.enum(REPAIR_STATES);
export type RepairStatus = z.infer<typeof repairState>;

/** The states in which a request has an end: nothing follows. */
export const ENDED_REPAIRS = ['confirmed', 'closed', 'cancelled', 'merged'] as const satisfies readonly RepairStatus[];

/** The states that are said of a request, as work on it goes on. Others follow from what else is done: it is assigned, confirmed, merged. */
export const SAID_STATES = ['assigned', 'in-progress', 'waiting', 'done', 'cancelled'] as const satisfies readonly RepairStatus[];
export type SaidState = (typeof SAID_STATES)[number];

/** From a state to those that may be said of a request in it. The same state again changes nothing, but what it waits for; any other is a conflict. */
export const SAID_AFTER: Readonly<Record<RepairStatus, readonly SaidState[]>> = {
  filed: ['cancelled'],
  triaged: ['cancelled'],
  assigned: ['in-progress', 'waiting', 'done', 'cancelled'],
  'in-progress': ['assigned', 'waiting', 'done', 'cancelled'],
  waiting: ['assigned', 'in-progress', 'done', 'cancelled'],
  done: [],
  confirmed: [],
  closed: [],
  cancelled: [],
  merged: [],
};

/** What a request waits for. */
export const WAITED_FOR = ['parts', 'requester'] as const;
export const waitedFor = z.enum(WAITED_FOR);
export type WaitedFor = z.infer<typeof waitedFor>;

/** Why something is broken. */
export const REPAIR_CAUSES = ['wear', 'defect', 'damage', 'misuse', 'weather', 'other'] as const;
export const repairCause = z.enum(REPAIR_CAUSES);
export type RepairCause = z.infer<typeof repairCause>;

/** Days after which a request that is done is closed, where nobody has confirmed or reopened it. */
export const CONFIRM_DAYS = 14;

/** Where a request was filed, and by whom: the part of its state that rights and topics need. */
export interface RepairParties {
  site: string;
  /** The user who filed it; null where that was done without an account. */
  requester: string | null;
}

/** The roles that somebody has at the site of a request: admins have all. */
export function rolesAtRepair(actor: Parameters<typeof rolesAtAsset>[0], { site }: RepairParties): readonly SiteRole[] {
  return rolesAtAsset(actor, site);
}

/** True where somebody sees a request: who works at its site, and who filed it. */
export function maySeeRepair(actor: Pick<Actor, 'id' | 'role' | 'posts'>, parties: RepairParties): boolean {
  return actor.id === parties.requester || rolesAtRepair(actor, parties).length > 0;
}

/** The topics of what is for those alone who work at the site. A request that was never filed has none. */
export function siteTopicsOfRepair({ site }: RepairParties): string[] {
  return site === '' ? [] : topicsAtSite(site);
}

/** The topics of a request's event: each role at its site, and who filed it. */
export function repairTopics(parties: RepairParties): string[] {
  return [...siteTopicsOfRepair(parties), ...(parties.requester === null ? [] : [`user:${parties.requester}`])];
}
