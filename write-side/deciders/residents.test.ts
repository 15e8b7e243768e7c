import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SiteCommand, type SiteEvent, siteContract } from '../../contracts/site.ts';
import { stableId } from '../../platform/stable-id.ts';
import { ADMIN, ALICE, command, given, NOW } from '../spec.fixture.ts';
import { site } from './site.ts';
import type { Residency } from './site-state.ts';

const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const FLAT = stableId('flat');
const ROOM = stableId('room');
const tree: SiteEvent[] = [
  { type: 'SiteAdded', data: siteContract.events.SiteAdded.example },
  { type: 'PlaceAdded', data: { placeId: FLAT, kind: 'unit', name: 'Flat 3', parent: null } },
  { type: 'PlaceAdded', data: { placeId: ROOM, kind: 'place', name: 'Room', parent: FLAT } },
];
const ask = (type: SiteCommand['type'], data: unknown = null) => command<SiteCommand>(type, data, { id: SITE, actor: ADMIN });

describe('a resident', () => {
  const facts = { [ALICE.id]: { exists: true, deleted: false } };
  const residency = stableId(ask('MoveIn').commandId, 'residency');
  const lives = (from = NOW, id = residency): SiteEvent => ({ type: 'ResidentMovedIn', data: { residency: id, unit: FLAT, userId: ALICE.id, from } });
  const left = (until: string, id = residency): SiteEvent => ({
    type: 'ResidentMovedOut',
    data: { residency: id, unit: FLAT, userId: ALICE.id, until },
  });

  it('lives in a unit of the site from a time on, or from now', () => {
    const ask2 = (data: object) => given(site, ...tree).when(ask('MoveIn', data), facts);
    ask2({ unit: FLAT, userId: ALICE.id }).then(lives());
    ask2({ unit: FLAT, userId: ALICE.id, from: '2027-01-31T10:00:00+01:00' }).then(lives('2027-01-31T09:00:00.000Z'));
    ask2({ unit: ROOM, userId: ALICE.id }).refuses('invalid', '/unit');
    ask2({ unit: SITE, userId: ALICE.id }).refuses('invalid', '/unit');
    given(site, ...tree)
      .when(ask('MoveIn', { unit: FLAT, userId: ALICE.id }), {})
      .refuses('invalid', '/userId');
    given(site, ...tree)
      .when(ask('MoveIn', { unit: FLAT, userId: ALICE.id }), { [ALICE.id]: { exists: true, deleted: true } })
      .refuses('invalid', '/userId');
  });
  it('lives there once at a time', () => {
    const again = { unit: FLAT, userId: ALICE.id, from: '2027-06-01T00:00:00Z' };
    const before = stableId('another command', 'residency');
    given(site, ...tree, lives(NOW, before))
      .when(ask('MoveIn', again), facts)
      .refuses('conflict');
    given(site, ...tree, lives(NOW, before), left('2027-06-01T00:00:00.000Z', before))
      .when(ask('MoveIn', again), facts)
      .then(lives('2027-06-01T00:00:00.000Z'));
    // A repeat that comes very late.
    given(site, ...tree, lives())
      .when(ask('MoveIn', again), facts)
      .then();
  });
  it('who was to move in is taken back, and is in nobody’s way then', () => {
    const [later, before] = ['2027-06-01T00:00:00.000Z', stableId('another command', 'residency')];
    const planned = [...tree, lives(later, before)];
    given(site, ...planned)
      .when(ask('MoveOut', { residency: before }))
      .then(left(later, before));
    given(site, ...planned)
      .when(ask('MoveOut', { residency: before, until: NOW }))
      .refuses('invalid', '/until');
    const back = [...planned, left(later, before)];
    given(site, ...back)
      .when(ask('MoveIn', { unit: FLAT, userId: ALICE.id }), facts)
      .then(lives());
    const empty: SiteEvent = { type: 'PlaceRemoved', data: { placeId: ROOM } };
    given(site, ...back, empty)
      .when(ask('RemovePlace', { place: FLAT }))
      .then({ type: 'PlaceRemoved', data: { placeId: FLAT } });
  });
  it('moves out now, or at a time, which may be said again', () => {
    const end = (data: object, ...events: SiteEvent[]) =>
      given(site, ...tree, lives('2026-01-01T00:00:00.000Z'), ...events).when(ask('MoveOut', { residency, ...data }));
    end({}).then(left(NOW));
    end({ until: '2027-01-01T00:00:00Z' }).then(left('2027-01-01T00:00:00.000Z'));
    end({}, left('2027-01-01T00:00:00.000Z')).then(left(NOW));
    end({}, left('2026-06-01T00:00:00.000Z')).then();
    end({ until: '2025-06-01T00:00:00Z' }).refuses('invalid', '/until');
    given(site, ...tree)
      .when(ask('MoveOut', { residency }))
      .refuses('not_found');
  });

  it('whatever is asked for, has no two stretches in one unit that overlap', () => {
    const day = fc.integer({ min: 1, max: 9 }).map((n) => `2027-01-0${n}T00:00:00.000Z`);
    const into = fc.record({ type: fc.constant('MoveIn' as const), day, which: fc.nat(5) });
    const out = fc.record({ type: fc.constant('MoveOut' as const), day, which: fc.nat(5) });
    let most = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof(into, out), { maxLength: 30, size: 'max' }), (all) => {
        let state = tree.reduce(site.evolve, site.initial);
        for (const [n, { type, day, which }] of all.entries()) {
          const there = state.residents[FLAT] ?? [];
          const data = { MoveIn: { unit: FLAT, userId: ALICE.id, from: day }, MoveOut: { residency: there[which]?.residency, until: day } }[type];
          const decided = site.decide({ ...ask(type, data), commandId: stableId(String(n)) } as SiteCommand, state, facts);
          state = ('refused' in decided ? [] : decided).reduce(site.evolve, state);
          most = Math.max(most, expectApart(state.residents[FLAT] ?? []));
        }
      }),
      { numRuns: 300 },
    );
    expect(most).toBeGreaterThan(1);
  });
});

/** Expects that each stretch ends before the next one begins, but for those that were taken back; gives their number. */
function expectApart(all: readonly Residency[]): number {
  const sorted = all.filter(({ from, until }) => from !== until).toSorted((a, b) => (a.from < b.from ? -1 : 1));
  for (const [index, next] of sorted.slice(1).entries()) expect((sorted[index]?.until ?? '~') <= next.from, JSON.stringify(sorted)).toBe(true);
  return sorted.length;
}
