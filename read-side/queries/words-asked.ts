/** Searching by words. */

import type { Condition } from '../../platform/read-models/read-models.ts';
import { words } from '../../projections/words.ts';
import { badParameter } from '../reading.ts';

/** Words of one search that are looked up. */
const MOST = 10;

/** Every word asked for is the beginning of a word there. Error: ProblemError `invalid` (400) for a search without any word. */
export function wordConditions(field: string, q: string | undefined): Condition[] {
  if (q === undefined) return [];
  const asked = words(q);
  if (asked.length === 0) throw badParameter('q', 'must have a letter or a digit');
  if (asked.length > MOST) throw badParameter('q', `must have at most ${MOST} words`);
  return asked.map((word) => ({ field, op: 'prefix', value: word }));
}
