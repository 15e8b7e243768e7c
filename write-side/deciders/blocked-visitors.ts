/** What the desk is told of somebody who is not let in: that it is so. Why, is in the list, which not everybody at a door may read aloud. */
import type { Refusal } from '../../contracts/problem.ts';
import type { Facts } from '../decider.ts';
import { type BlocklistState, isBlocked } from './blocklist.ts';

/** The stream of the list of a site, by the name that it has among the facts; none where there is no site. */
export function blocklistOf(site: string): Record<string, string> {
  return site === '' ? {} : { blocklist: `blocklist-${site}` };
}

/** The refusal of somebody who is on the list of the site now; undefined for all others. */
export function refusalOfBlocked(who: { name: string; plate: string | null }, now: string, { blocklist }: Facts): Refusal | undefined {
  if (blocklist === undefined || !isBlocked(blocklist as BlocklistState, who, now)) return undefined;
  return {
    refused: 'conflict',
    detail: 'Somebody of this name, or with this licence plate, is not let in at this site. Its list of blocked visitors says why.',
  };
}
