import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import type { SiteRole } from '../../contracts/post.ts';
import { type SiteEvent, siteContract } from '../../contracts/site.ts';
import { VISIT_STATUSES, type VisitCommand, type VisitEvent, visitContract } from '../../contracts/visit.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { noSite, siteAfter } from './site-state.ts';
import { initial as nobody } from './user.ts';
import { refusalOfNewCode, visit } from './visit.ts';
import { noVisit, visitAfter } from './visit-state.ts';

const { events } = visitContract;
const SITE = events.VisitorExpected.example as { site: string; unit: string };
const OTHER = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2eff';
const [FROM, UNTIL] = ['2026-11-22T09:00:00.000Z', '2026-11-22T17:00:00.000Z'];
const WITHIN = '2026-11-22T10:00:00.000Z';
const EXPECTED = { site: SITE.site, unit: SITE.unit, host: ALICE.id, name: 'Vera', people: 2, from: FROM, until: UNTIL };
const OF_VISIT = { site: SITE.site, unit: SITE.unit, host: ALICE.id, people: 2 };
const at = (role: SiteRole, site = SITE.site): Actor => ({ ...BOB, posts: [{ role, sites: [site] }] });
const SYSTEM: Actor = { id: 'worker:visits', role: 'system', seesAll: true };

const expected: VisitEvent = { type: 'VisitorExpected', data: EXPECTED };
const walkedIn: VisitEvent = { type: 'VisitorWalkedIn', data: { ...OF_VISIT, name: 'Vera' } };
const arrived: VisitEvent = { type: 'VisitorArrived', data: OF_VISIT };
const left: VisitEvent = { type: 'VisitorLeft', data: OF_VISIT };
const missed: VisitEvent = { type: 'VisitorMissed', data: OF_VISIT };
const refused: VisitEvent = { type: 'VisitorRefused', data: { ...OF_VISIT, reason: 'No photo' } };
const cancelled: VisitEvent = { type: 'VisitCancelled', data: OF_VISIT };
const erased: VisitEvent = { type: 'VisitErased', data: { site: SITE.site } };

const ask = (type: VisitCommand['type'], more: { actor?: Actor; now?: string; data?: unknown } = {}) =>
  command<VisitCommand>(type, more.data ?? null, { actor: at('security'), now: WITHIN, ...more });
const expecting = (data: object, actor: Actor = ALICE) =>
  command<VisitCommand>('ExpectVisitor', { site: SITE.site, unit: SITE.unit, name: 'Vera', people: 2, from: FROM, until: UNTIL, ...data }, { actor });
const letIn = (data: object, actor: Actor) => command<VisitCommand>('RegisterWalkIn', { site: SITE.site, name: 'Vera', ...data }, { actor });

/** A site with a unit in which Alice lives from a time on, and until another one. */
function site(from = '2026-01-01T00:00:00.000Z', until?: string) {
  const residency = OTHER;
  const there: SiteEvent[] = [
    { type: 'SiteAdded', data: siteContract.events.SiteAdded.example as Extract<SiteEvent, { type: 'SiteAdded' }>['data'] },
    { type: 'PlaceAdded', data: { placeId: SITE.unit, kind: 'unit', name: 'Flat 3', parent: null } },
    { type: 'ResidentMovedIn', data: { residency, unit: SITE.unit, userId: ALICE.id, from } },
    ...(until ? [{ type: 'ResidentMovedOut' as const, data: { residency, unit: SITE.unit, userId: ALICE.id, until } }] : []),
  ];
  return { site: there.reduce(siteAfter, noSite) };
}

describe('expecting somebody', () => {
  it('is for residents, in their own unit, to themselves', () => {
    given(visit).when(expecting({}), site()).then(expected);
    given(visit)
      .when(expecting({ unit: OTHER }), site())
      .refuses('invalid', '/unit');
    given(visit)
      .when(expecting({ unit: undefined }), site())
      .refuses('invalid', '/unit');
    given(visit)
      .when(expecting({ host: BOB.id }), site())
      .refuses('invalid', '/host');
  });
  it('is for nobody who does not live there any more, or not yet, or works there in another role', () => {
    given(visit).when(expecting({}), site(undefined, '2026-11-20T00:00:00.000Z')).refuses('invalid', '/site');
    given(visit).when(expecting({}), site('2026-11-22T00:00:00.000Z')).refuses('invalid', '/site');
    for (const role of ['security', 'maintenance', 'customer-service'] as const)
      given(visit)
        .when(expecting({}, at(role)), site())
        .refuses('invalid', '/site');
    given(visit).when(expecting({}), { site: noSite }).refuses('invalid', '/site');
  });
  it('is for staff of the site, in any unit or none, for whoever lives or works there', () => {
    const host = { ...nobody, exists: true };
    const staff = at('staff');
    given(visit)
      .when(expecting({ unit: undefined }, staff), site())
      .then({ ...expected, data: { ...EXPECTED, unit: null, host: BOB.id } } as VisitEvent);
    given(visit)
      .when(expecting({ host: ALICE.id }, staff), { ...site(), host })
      .then(expected);
    given(visit)
      .when(expecting({ host: OTHER }, staff), { ...site(), host })
      .refuses('invalid', '/host');
    given(visit)
      .when(expecting({ host: ALICE.id }, staff), { ...site(), host: { ...host, deleted: true } })
      .refuses('invalid', '/host');
    given(visit)
      .when(expecting({ unit: OTHER }, staff), site())
      .refuses('invalid', '/unit');
    given(visit)
      .when(expecting({}, at('staff', OTHER)), site())
      .refuses('invalid', '/site');
    given(visit).when(expecting({}, ADMIN), { site: noSite }).refuses('invalid', '/site');
  });
  it.each([
    ['ends before it begins', { until: FROM }, '/until'],
    ['is over', { from: '2026-11-20T09:00:00Z', until: '2026-11-20T10:00:00Z' }, '/until'],
    ['is longer than 31 days', { until: '2026-12-23T09:00:00.001Z' }, '/until'],
    ['begins in more than a year', { from: '2028-01-01T09:00:00Z', until: '2028-01-01T10:00:00Z' }, '/from'],
  ])('is refused for a time that %s', (_, time, pointer) => given(visit).when(expecting(time), site()).refuses('invalid', pointer));
  it('keeps times in UTC, and is for 31 days at most', () => {
    const data = { from: '2026-11-22T10:00:00+01:00', until: '2026-12-23T10:00:00+01:00' };
    given(visit)
      .when(expecting(data), site())
      .then({ ...expected, data: { ...EXPECTED, until: '2026-12-23T09:00:00.000Z' } } as VisitEvent);
  });
  it('happens once', () => given(visit, expected).when(expecting({}), site()).refuses('conflict'));
});

describe('somebody who is not expected', () => {
  const unnamed = { ...OF_VISIT, unit: null, host: null, people: 1, name: 'Vera' };
  it('is let in by the staff and the security of the site alone', () => {
    for (const role of ['staff', 'security'] as const)
      given(visit)
        .when(letIn({}, at(role)), site())
        .then({ type: 'VisitorWalkedIn', data: unnamed });
    for (const role of ['maintenance', 'customer-service'] as const)
      given(visit)
        .when(letIn({}, at(role)), site())
        .refuses('forbidden');
    given(visit).when(letIn({}, ALICE), site()).refuses('forbidden');
    given(visit)
      .when(letIn({}, at('security', OTHER)), site())
      .refuses('forbidden');
  });
  it('is here, and leaves', () => {
    given(visit, walkedIn).when(ask('LeaveVisitor')).then(left);
    given(visit, walkedIn).when(ask('ArriveVisitor')).then();
  });
});

describe('a visit', () => {
  it.each([
    ['arrives', 'ArriveVisitor', [expected], [arrived]],
    ['arrives by the code', 'ArriveByCode', [expected], [arrived]],
    ['arrives once, whoever says so again', 'ArriveByCode', [expected, arrived], []],
    ['leaves', 'LeaveVisitor', [expected, arrived], [left]],
    ['leaves once', 'LeaveVisitor', [expected, arrived, left], []],
    ['is refused once', 'RefuseVisitor', [expected, refused], []],
  ] as const)('%s', (_, type, before, after) =>
    given(visit, ...before)
      .when(ask(type, { data: type === 'RefuseVisitor' ? { reason: 'No photo' } : null }))
      .then(...after),
  );
  it('is refused with a reason', () =>
    given(visit, expected)
      .when(ask('RefuseVisitor', { data: { reason: 'No photo' } }))
      .then(refused));
  it('is cancelled by the host and by staff, once, and not by security', () => {
    given(visit, expected)
      .when(ask('CancelVisit', { actor: ALICE }))
      .then(cancelled);
    given(visit, expected)
      .when(ask('CancelVisit', { actor: at('staff') }))
      .then(cancelled);
    given(visit, expected, cancelled)
      .when(ask('CancelVisit', { actor: ALICE }))
      .then();
    given(visit, expected).when(ask('CancelVisit')).refuses('forbidden');
  });
  it.each([
    ['ArriveVisitor', [left, missed, refused, cancelled]],
    ['ArriveByCode', [left, missed, refused, cancelled]],
    ['LeaveVisitor', [missed, refused, cancelled]],
    ['RefuseVisitor', [arrived, left, missed, cancelled]],
    ['CancelVisit', [arrived, left, missed, refused]],
  ] as const)('takes no %s in a state that it cannot follow', (type, lasts) => {
    const data = { reason: 'No photo' };
    for (const last of lasts)
      given(visit, expected, last)
        .when(ask(type, { actor: at('staff'), data }))
        .refuses('conflict');
  });
  it('does not leave before it arrived', () => given(visit, expected).when(ask('LeaveVisitor')).refuses('conflict'));
  it('is over at the end of its time, also before the clock has said so', () => {
    for (const type of ['ArriveVisitor', 'ArriveByCode'] as const)
      given(visit, expected)
        .when(ask(type, { now: UNTIL }))
        .refuses('conflict');
  });
  it('has a code that is not good before its time; by the name the desk lets them in', () => {
    given(visit, expected)
      .when(ask('ArriveByCode', { now: NOW }))
      .refuses('conflict');
    given(visit, expected)
      .when(ask('ArriveVisitor', { now: NOW }))
      .then(arrived);
  });
  it('is missed by the clock at the end of its time, once, if nobody came', () => {
    const miss = (now: string) => ask('MissVisitor', { actor: SYSTEM, now });
    given(visit, expected).when(miss(UNTIL)).then(missed);
    given(visit, expected).when(miss(WITHIN)).then();
    given(visit, expected, arrived).when(miss(UNTIL)).then();
  });
  it('is erased once it is over; who is still here has been forgotten at the desk', () => {
    const erase = ask('EraseVisit', { actor: SYSTEM });
    given(visit, expected, arrived, left).when(erase).then(erased);
    given(visit, expected, arrived, left, erased).when(erase).then();
    given(visit, expected, arrived)
      .when(erase)
      .then({ type: 'VisitorLeft', data: { ...OF_VISIT, forgotten: true } }, erased);
    given(visit, expected).when(erase).refuses('conflict');
    expect([expected, missed, erased].reduce(visitAfter, noVisit)).toMatchObject({ name: '', plate: null, erased: true, status: 'missed' });
  });
});

describe('somebody who is not let in at the site', () => {
  const blocklist = { exists: true, ended: [], blocked: { a: { name: 'vera', plate: null, until: '2026-12-01T00:00:00.000Z' } } };
  it.each(['ArriveVisitor', 'ArriveByCode'] as const)('is refused to the desk by %s, until the end of the entry', (type) => {
    given(visit, expected).when(ask(type), { blocklist }).refuses('conflict');
    const ended = { ...blocklist, blocked: { a: { ...blocklist.blocked.a, until: NOW } } };
    given(visit, expected).when(ask(type), { blocklist: ended }).then(arrived);
  });
  it('is not let in without being expected, either, and may be expected: hosts are not told', () => {
    given(visit)
      .when(letIn({}, at('security')), { ...site(), blocklist })
      .refuses('conflict');
    given(visit)
      .when(expecting({}), { ...site(), blocklist })
      .then(expected);
  });
  it('who is here already stays, and leaves', () => {
    given(visit, expected, arrived).when(ask('ArriveVisitor'), { blocklist }).then();
    given(visit, expected, arrived).when(ask('LeaveVisitor'), { blocklist }).then(left);
  });
});

describe('who is neither the host nor at the desk of the site', () => {
  const strangers = [BOB, at('maintenance'), at('customer-service'), at('security', OTHER), at('staff', OTHER)];
  it.each(['ArriveVisitor', 'ArriveByCode', 'LeaveVisitor', 'RefuseVisitor', 'CancelVisit'] as const)('finds no visit to %s', (type) => {
    for (const actor of strangers)
      given(visit, expected)
        .when(ask(type, { actor, data: { reason: 'No photo' } }))
        .refuses('not_found');
    given(visit).when(ask(type)).refuses('not_found');
  });
  it('gets no code; the host and staff do, while somebody is expected', () => {
    const state = visitAfter(noVisit, expected);
    const answer = (actor: Actor, now = WITHIN, there = site()) => refusalOfNewCode(actor, state, { ...there, now })?.refused;
    expect(strangers.map((actor) => answer(actor))).toEqual(strangers.map(() => 'not_found'));
    expect([ALICE, at('staff'), ADMIN, at('security')].map((actor) => answer(actor))).toEqual([undefined, undefined, undefined, 'forbidden']);
    expect(answer(ALICE, UNTIL)).toBe('conflict');
    expect(refusalOfNewCode(ALICE, visitAfter(state, arrived), { ...site(), now: WITHIN })?.refused).toBe('conflict');
    const movedOut = site(undefined, WITHIN);
    expect([ALICE, at('staff')].map((actor) => answer(actor, WITHIN, movedOut))).toEqual(['forbidden', undefined]);
    expect(answer({ ...ALICE, posts: [{ role: 'security', sites: [SITE.site] }] }, WITHIN, movedOut)).toBeUndefined();
  });
});

it('the host cannot let somebody in', () =>
  given(visit, expected)
    .when(ask('ArriveVisitor', { actor: ALICE }))
    .refuses('forbidden'));

it('whatever is asked in whatever order, a visit goes through its states as they follow each other', () => {
  const types = ['ArriveVisitor', 'ArriveByCode', 'LeaveVisitor', 'RefuseVisitor', 'CancelVisit', 'MissVisitor', 'EraseVisit'] as const;
  const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
    expected: ['arrived', 'refused', 'missed', 'cancelled'],
    arrived: ['left'],
  };
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...types), fc.constantFrom(NOW, WITHIN, UNTIL)), { maxLength: 12 }), (steps) => {
      let state = visitAfter(noVisit, expected);
      for (const [type, now] of steps) {
        const decided = visit.decide(ask(type, { actor: SYSTEM, now, data: { reason: 'No photo' } }), state, {});
        for (const event of 'refused' in decided ? [] : decided) {
          const next = visitAfter(state, event);
          if (next.status !== state.status) expect(FOLLOWS[state.status]).toContain(next.status);
          expect(VISIT_STATUSES).toContain(next.status);
          state = next;
        }
      }
    }),
  );
});

it('is heard of at the desk of its site, and by its host', () => {
  const state = visitAfter(noVisit, expected);
  const topics = visit.topics('visit-1', { before: noVisit, event: expected, after: state, facts: {} });
  expect(topics).toEqual([`site:${SITE.site}:staff`, `site:${SITE.site}:security`, `user:${ALICE.id}`]);
});
