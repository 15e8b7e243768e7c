/** The rules of living in a unit: the unit is there, the user is, and no two stretches of one person in one unit overlap. */
import { utc } from '../../contracts/fields.ts';
import type { Refusal } from '../../contracts/problem.ts';
import type { SiteCommand, SiteEvent } from '../../contracts/site.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { Facts } from '../decider.ts';
import type { Residency, SiteState } from './site-state.ts';
import type { UserState } from './user.ts';

type CommandOf<T extends SiteCommand['type']> = Extract<SiteCommand, { type: T }>;
type Decision = SiteEvent[] | Refusal;

/** The most stretches that a unit has, ended ones among them, because all are in the site's state. */
const MOST_OF_A_UNIT = 1_000;
/** The most of a site. */
const MOST_OF_A_SITE = 4_000;

const conflict = (detail: string): Refusal => ({ refused: 'conflict', detail });
const invalid = (detail: string, pointer: string, error: string): Refusal => ({ refused: 'invalid', detail, errors: [{ pointer, detail: error }] });

export function moveIn({ commandId, data, now }: CommandOf<'MoveIn'>, { places, residents }: SiteState, facts: Facts): Decision {
  const { unit, userId } = data;
  if (places[unit]?.kind !== 'unit') return invalid('People live in units.', '/unit', 'is no unit of this site');
  if (!isThere(facts[userId])) return invalid('Nobody lives there without an account. Invite them first.', '/userId', 'is no active user');
  const id = stableId(commandId, 'residency');
  // A repeat that comes after a thousand other commands.
  if (stretchOf(id, residents)) return [];
  const there = residents[unit] ?? [];
  if (countOf(residents) >= MOST_OF_A_SITE)
    return conflict(`A site has at most ${MOST_OF_A_SITE} residents, those of before among them. Add another site.`);
  if (there.length >= MOST_OF_A_UNIT)
    return conflict(`A unit has at most ${MOST_OF_A_UNIT} residents, those of before among them. Add another unit.`);
  const residency: Residency = { residency: id, userId, from: utc(data.from ?? now), until: null };
  if (overlapsAny(residency, there)) return conflict('They live there already, or will. End that first.');
  return [{ type: 'ResidentMovedIn', data: { residency: id, unit, userId, from: residency.from } }];
}

/**
 * Sets the end, which may be said again: an end that was to come later, or was wrong. Without a time an end that has come stays as it is, and what has not
 * begun ends where it would begin: nobody ever lives there by it.
 */
export function moveOut({ data, now }: CommandOf<'MoveOut'>, { residents }: SiteState): Decision {
  const found = stretchOf(data.residency, residents);
  if (!found) return { refused: 'not_found', detail: 'There is no such residency at this site.' };
  const { unit, there, before } = found;
  const until = utc(data.until ?? (hasEnded(before, now) ? before.until : later(before.from, now)));
  if (until === before.until) return [];
  if (until < before.from || (until === before.from && before.from <= now))
    return invalid('Nobody moves out before moving in.', '/until', `must be after ${before.from}`);
  if (
    overlapsAny(
      { ...before, until },
      there.filter((one) => one !== before),
    )
  )
    return conflict('They moved in again before that.');
  return [{ type: 'ResidentMovedOut', data: { residency: before.residency, unit, userId: before.userId, until } }];
}

/** A stretch by its id, with its unit and all that are there; undefined where this site has none. */
function stretchOf(residency: string, residents: SiteState['residents']) {
  for (const [unit, there] of Object.entries(residents)) {
    const before = there.find((one) => one.residency === residency);
    if (before) return { unit, there, before };
  }
  return undefined;
}

function countOf(residents: SiteState['residents']): number {
  return Object.values(residents).reduce((sum, { length }) => sum + length, 0);
}

const later = (one: string, other: string): string => (one > other ? one : other);

function hasEnded(one: Residency, now: string): one is Residency & { until: string } {
  return one.until !== null && one.until <= now;
}

function isThere(fact: unknown): boolean {
  const { exists, deleted } = (fact ?? {}) as Partial<UserState>;
  return exists === true && deleted !== true;
}

/** The units of a site in which somebody lives at a time (ISO 8601, UTC). */
export function unitsLivedIn({ residents }: Pick<SiteState, 'residents'>, userId: string, time: string): string[] {
  const isThere = (one: Residency) => one.userId === userId && one.from <= time && (one.until === null || time < one.until);
  return Object.keys(residents).filter((unit) => residents[unit]?.some(isThere));
}

/** True where somebody lives in a unit of a site at a time (ISO 8601, UTC). */
export function livesAt(site: Pick<SiteState, 'residents'>, userId: string, time: string): boolean {
  return unitsLivedIn(site, userId, time).length > 0;
}

/** True where a stretch of the same person has a moment with this one. A stretch includes its beginning, but not its end; one that was taken back has none. */
function overlapsAny(one: Residency, others: readonly Residency[]): boolean {
  return others.some((other) => other.userId === one.userId && other.from !== other.until && startsBefore(one, other) && startsBefore(other, one));
}

function startsBefore({ from }: Residency, { until }: Residency): boolean {
  return until === null || from < until;
}
