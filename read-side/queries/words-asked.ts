/** Searching by words. */

import type { Condition } from '../../platform/read-models/read-models.ts';
import { words } from '../../projections/words.ts';
import { badParameter } from '../reading.ts';

/** The most words of a search that are looked up. */
const MOST = 10;

/** The conditions of a search: every word must begin a word of the field. `parameter`: its name in the query. Error: ProblemError `invalid` (400) for a search without any word. */
export function wordConditions(field: string, q: string | undefined, parameter = 'q'): Condition[] {
  if (q === undefined) return [];
  const asked = words(q);
  if (asked.length === 0) throw badParameter(parameter, 'must have a letter or a digit');
  if (asked.length > MOST) throw badParameter(parameter, `must have at most ${MOST} words`);
  return asked.map((word) => ({ field, op: 'prefix', value: word }));
}
