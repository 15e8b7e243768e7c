import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { assetContract } from '../../contracts/asset.ts';
import { type RepairCommand, type RepairEvent, repairContract } from '../../contracts/repair.ts';
import { ENDED_REPAIRS, REPAIR_STATES, type RepairStatus, SAID_AFTER, SAID_STATES } from '../../contracts/repair-state.ts';
import { type SiteEvent, siteContract } from '../../contracts/site.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { Facts } from '../decider.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { asset } from './asset.ts';
import { repair } from './repair.ts';
import type { RepairState } from './repair-state.ts';
import { site } from './site.ts';
import { initial as nobody } from './user.ts';

const FILED = repairContract.events.RepairFiled.example;
const SITE = FILED.site;
const [HOUSE, FLAT, KITCHEN, NEXT, LIFT] = [FILED.place, ...['flat', 'kitchen', 'next', 'lift'].map((name) => stableId(name))] as [
  string,
  string,
  string,
  string,
  string,
];
const placed = (placeId: string, kind: 'building' | 'unit' | 'place', parent: string | null): SiteEvent => ({
  type: 'PlaceAdded',
  data: { placeId, kind, name: placeId, parent },
});
const movedIn = (unit: string, userId: string, from = '2026-01-01T00:00:00.000Z'): SiteEvent => ({
  type: 'ResidentMovedIn',
  data: { residency: stableId(unit, userId), unit, userId, from },
});
const COURT: SiteEvent[] = [
  { type: 'SiteAdded', data: siteContract.events.SiteAdded.example },
  placed(HOUSE, 'building', null),
  placed(FLAT, 'unit', HOUSE),
  placed(KITCHEN, 'place', FLAT),
  placed(NEXT, 'unit', HOUSE),
  movedIn(FLAT, ALICE.id),
];
const assetAt = (place: string | null, at = SITE, more: Parameters<typeof asset.evolve>[1][] = []) =>
  [{ type: 'AssetRegistered' as const, data: { ...assetContract.events.AssetRegistered.example, site: at, place } }, ...more].reduce(
    asset.evolve,
    asset.initial,
  );
const factsOf = (more: Facts = {}, ...events: SiteEvent[]): Facts => ({ site: [...COURT, ...events].reduce(site.evolve, site.initial), ...more });
const AT = factsOf();
const filed: RepairEvent = { type: 'RepairFiled', data: { ...FILED, place: FLAT, requester: ALICE.id, filedAt: NOW } };
const ask = (type: RepairCommand['type'], data: unknown = null, actor: Actor = ADMIN) => command<RepairCommand>(type, data, { actor });
const worksAs = (role: 'staff' | 'security' | 'maintenance' | 'customer-service', at = SITE): Actor => ({ ...BOB, posts: [{ role, sites: [at] }] });
const BOB_REPAIRS = { [BOB.id]: { ...nobody, exists: true, posts: worksAs('maintenance').posts } };
const assigned: RepairEvent = { type: 'RepairAssigned', data: { userId: BOB.id, previous: null } };
const step = (from: RepairStatus, to: RepairStatus, more: object = {}): RepairEvent => ({ type: 'RepairStateChanged', data: { from, to, ...more } });
const UNTIL = '2026-12-05T09:00:00.000Z';
const done = [filed, assigned, step('filed', 'assigned'), step('assigned', 'done', { until: UNTIL })];
/** A request in each state. */
const inState = (status: RepairStatus): RepairEvent[] => {
  if (status === 'filed') return [filed];
  if (status === 'done') return done;
  return [filed, assigned, step('filed', status, status === 'waiting' ? { waitingFor: 'parts' } : {})];
};

describe('a repair request', () => {
  const file = (data: object, actor: Actor = ALICE, facts = AT) =>
    given(repair).when(ask('FileRepair', { site: SITE, title: 'It drips', ...data }, actor), facts);
  it('is filed by a resident for the own unit, what it lies in, what lies in it, or an asset there', () => {
    const said = { site: SITE, asset: null, title: 'It drips', labels: [], requester: ALICE.id, filedAt: NOW };
    for (const place of [FLAT, HOUSE, KITCHEN]) file({ place }).then({ type: 'RepairFiled', data: { ...said, place } });
    const lift = { asset: assetAt(HOUSE) };
    file({ asset: LIFT }, ALICE, factsOf(lift)).then({ type: 'RepairFiled', data: { ...said, asset: LIFT, place: HOUSE } });
    file({ place: NEXT }).refuses('invalid', '/place');
    file({}).refuses('invalid', '/place');
    file({ asset: LIFT, place: FLAT }, ALICE, factsOf({ asset: assetAt(NEXT) })).refuses('invalid', '/asset');
    file({ asset: LIFT, place: FLAT }, ALICE, factsOf({ asset: assetAt(null) })).refuses('invalid', '/asset');
  });
  it('is filed by no resident of before or later, and by nobody who has nothing to do with the site', () => {
    const out: SiteEvent = { type: 'ResidentMovedOut', data: { residency: stableId(FLAT, ALICE.id), unit: FLAT, userId: ALICE.id, until: NOW } };
    file({ place: FLAT }, ALICE, factsOf({}, out)).refuses('forbidden');
    file({ place: NEXT }, BOB, factsOf({}, movedIn(NEXT, BOB.id, '2027-01-01T00:00:00.000Z'))).refuses('forbidden');
    file({ place: FLAT }, BOB).refuses('forbidden');
    file({ place: FLAT }, worksAs('staff', FLAT)).refuses('forbidden');
    file({ place: FLAT }, ALICE, {}).refuses('forbidden');
  });
  it('is filed by whoever works at the site for anything there', () => {
    for (const role of ['staff', 'security', 'maintenance', 'customer-service'] as const) {
      file({ place: NEXT }, worksAs(role)).then({
        type: 'RepairFiled',
        data: { site: SITE, place: NEXT, asset: null, title: 'It drips', labels: [], requester: BOB.id, filedAt: NOW },
      });
    }
    file({ place: SITE }, ADMIN).refuses('invalid', '/place');
    file({ asset: LIFT }, ADMIN).refuses('invalid', '/asset');
    file({ asset: LIFT }, ADMIN, factsOf({ asset: assetAt(null, FLAT) })).refuses('invalid', '/asset');
    file({ asset: LIFT }, ADMIN, factsOf({ asset: assetAt(null, SITE, [{ type: 'AssetRetired', data: {} }]) })).refuses('invalid', '/asset');
    file({}, ADMIN, {}).refuses('invalid', '/site');
  });
  it('is triaged, and triaged again until it is done', () => {
    const triage = (...before: RepairEvent[]) => given(repair, ...before).when(ask('TriageRepair', { priority: 'high' }));
    const triaged: RepairEvent = { type: 'RepairTriaged', data: { priority: 'high', cause: null, deadline: null } };
    triage(filed).then(triaged, step('filed', 'triaged'));
    triage(filed, triaged, step('filed', 'triaged')).then();
    triage(...inState('waiting')).then(triaged);
    triage(...done).refuses('conflict');
    given(repair, filed)
      .when(ask('TriageRepair', { priority: 'low', deadline: '2026-01-01T00:00:00Z' }))
      .refuses('invalid', '/deadline');
  });
  it('is given to who holds maintenance at its site, and taken back', () => {
    const give = (userId: string | null, facts: Facts, ...before: RepairEvent[]) =>
      given(repair, ...before).when(ask('AssignRepair', { userId }), facts);
    give(BOB.id, BOB_REPAIRS, filed).then(assigned, step('filed', 'assigned'));
    give(BOB.id, BOB_REPAIRS, ...inState('waiting')).then();
    give(null, {}, ...inState('in-progress')).then(
      { type: 'RepairAssigned', data: { userId: null, previous: BOB.id } },
      step('in-progress', 'filed'),
    );
    for (const user of [undefined, { ...nobody, exists: true }, { ...nobody, exists: true, deleted: true, posts: worksAs('maintenance').posts }])
      give(BOB.id, { [BOB.id]: user }, filed).refuses('invalid', '/userId');
    give(BOB.id, { [BOB.id]: { ...nobody, exists: true, posts: worksAs('maintenance', FLAT).posts } }, filed).refuses('invalid', '/userId');
    give(null, {}, ...done).refuses('conflict');
  });
  it.each(REPAIR_STATES.flatMap((from) => SAID_STATES.map((to) => [from, to] as const)))(
    'that is %s becomes %s where that may follow',
    (from, to) => {
      const waits = to === 'waiting' ? { waitingFor: 'parts' } : {};
      const when = given(repair, ...inState(from)).when(ask('SetRepairState', { state: to, ...waits }));
      if (to === from) return when.then();
      if (!SAID_AFTER[from].includes(to)) return when.refuses('conflict');
      return when.then(step(from, to, { ...waits, ...(to === 'done' ? { until: UNTIL } : {}) }));
    },
  );
  it('waits for something else', () => {
    given(repair, ...inState('waiting'))
      .when(ask('SetRepairState', { state: 'waiting', waitingFor: 'requester' }))
      .then(step('waiting', 'waiting', { waitingFor: 'requester' }));
  });
  it('changes no more once it has an end', () => {
    for (const status of ENDED_REPAIRS)
      for (const [type, data] of [
        ['EditRepair', { title: 'New' }],
        ['TriageRepair', { priority: 'low' }],
        ['AssignRepair', { userId: null }],
        ['ReopenRepair', { reason: 'Again.' }],
        ['MergeRepair', { into: FLAT }],
        ['CommentRepair', { text: 'Hello' }],
      ] as const)
        given(repair, ...inState(status))
          .when(ask(type, data), AT)
          .refuses('conflict');
  });
  it('is confirmed or reopened by who filed it, for fourteen days', () => {
    const late = { now: '2026-12-05T09:00:00.000Z' };
    given(repair, ...done)
      .when(ask('ConfirmRepair', null, ALICE))
      .then(step('done', 'confirmed'));
    given(repair, ...done, step('done', 'confirmed'))
      .when(ask('ConfirmRepair', null, ALICE))
      .then();
    given(repair, ...done)
      .when(ask('ConfirmRepair', null, worksAs('staff')))
      .refuses('forbidden');
    given(repair, ...done)
      .when(ask('ReopenRepair', { reason: 'No.' }, ALICE))
      .then(step('done', 'assigned', { reason: 'No.' }));
    for (const [type, data] of [
      ['ConfirmRepair', null],
      ['ReopenRepair', { reason: 'No.' }],
    ] as const) {
      given(repair, ...inState('assigned'))
        .when(ask(type, data, ALICE))
        .refuses('conflict');
      given(repair, ...done)
        .when({ ...ask(type, data, ALICE), ...late })
        .refuses('conflict');
    }
  });
  it('that nobody with an account filed is confirmed by staff', () => {
    const anonymous = { ...filed, data: { ...filed.data, requester: null } } as RepairEvent;
    given(repair, anonymous, ...done.slice(1))
      .when(ask('ConfirmRepair', null, worksAs('staff')))
      .then(step('done', 'confirmed'));
  });
  it('is closed once its time is over, where nothing came since', () => {
    const close = (until: string, now: string, ...before: RepairEvent[]) =>
      given(repair, ...before).when({ ...ask('CloseRepair', { until }, { id: 'worker:scheduler', role: 'system', seesAll: true }), now });
    close(UNTIL, UNTIL, ...done).then(step('done', 'closed'));
    close(UNTIL, NOW, ...done).then();
    close(NOW, UNTIL, ...done).then();
    close(UNTIL, UNTIL, ...done, step('done', 'confirmed')).then();
  });
  it('is merged into an earlier one of its site alone', () => {
    const other = (more: Partial<RepairState>): Facts => ({
      into: { ...repair.initial, exists: true, site: SITE, filedAt: '2026-11-20T09:00:00.000Z', ...more },
    });
    const merge = (facts: Facts, into = FLAT) => given(repair, filed).when(ask('MergeRepair', { into }), facts);
    merge(other({})).then(step('filed', 'merged', { duplicateOf: FLAT }));
    for (const facts of [{}, other({ exists: false }), other({ site: FLAT }), other({ status: 'merged' }), other({ status: 'cancelled' })])
      merge(facts).refuses('invalid', '/into');
    merge(other({ filedAt: '2026-11-22T09:00:00.000Z' })).refuses('invalid', '/into');
    merge(other({ filedAt: NOW }), command('MergeRepair', null).id).refuses('invalid', '/into');
  });
});

describe('the costs of a repair', () => {
  const add = (price: object, ...before: RepairEvent[]) => given(repair, filed, ...before).when(ask('AddRepairCost', { text: 'A seal', price }));
  const line = (amount: number, cost = FLAT): RepairEvent => ({
    type: 'RepairCostAdded',
    data: { cost, text: 'A seal', price: { amount, currency: 'EUR' } },
  });
  it('are in one currency, that of the first line', () => {
    add({ amount: 5, currency: 'JPY' }).then({
      type: 'RepairCostAdded',
      data: { cost: stableId(command('x', null).commandId, 'cost'), text: 'A seal', price: { amount: 5, currency: 'JPY' } },
    });
    add({ amount: 5, currency: 'JPY' }, line(1)).refuses('invalid', '/price/currency');
    add({ amount: 5, currency: 'JPY' }, line(1), { type: 'RepairCostRemoved', data: { cost: FLAT } }).then(expect.anything() as never);
  });
  it('are a total that a number holds', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(Number.MAX_SAFE_INTEGER), { maxLength: 5 }), fc.nat(Number.MAX_SAFE_INTEGER), (amounts, amount) => {
        const lines = amounts.map((one, n) => line(one, stableId(String(n))));
        const isWhole = [...amounts, amount].reduce((sum, one) => sum + BigInt(one), 0n) <= BigInt(Number.MAX_SAFE_INTEGER);
        const when = add({ amount, currency: 'EUR' }, ...lines);
        if (isWhole) when.then(expect.objectContaining({ type: 'RepairCostAdded' }) as never);
        else when.refuses('invalid', '/price/amount');
      }),
    );
  });
  it('come also after the end, are taken away once, and are no duplicate’s', () => {
    add({ amount: 5, currency: 'EUR' }, ...done.slice(1), step('done', 'closed')).then(expect.anything() as never);
    add({ amount: 5, currency: 'EUR' }, step('filed', 'merged', { duplicateOf: FLAT })).refuses('conflict');
    given(repair, filed)
      .when(ask('RemoveRepairCost', { cost: FLAT }))
      .refuses('not_found');
  });
  it('must be a currency that there is', () => {
    const { body } = repairContract.commands.AddRepairCost;
    const sent = (currency: string) => body.safeParse({ text: 'A seal', price: { amount: 1, currency } }).success;
    expect(['EUR', 'JPY', 'eur', 'QQQ', 'EURO'].map(sent)).toEqual([true, true, false, false, false]);
  });
  it('are heard of by who works at the site, and not by who filed the request', () => {
    const after = [filed].reduce(repair.evolve, repair.initial);
    const topics = (event: RepairEvent) => repair.topics('repair-x', { before: after, event, after, facts: {} });
    expect(topics(line(1))).toEqual(expect.not.arrayContaining([`user:${ALICE.id}`]));
    expect(topics(assigned)).toEqual(expect.arrayContaining([`user:${ALICE.id}`, `site:${SITE}:maintenance`]));
  });
});

describe('who may', () => {
  const commands: [RepairCommand['type'], unknown, ('staff' | 'maintenance' | 'security')[], boolean][] = [
    ['EditRepair', { title: 'New' }, ['staff'], true],
    ['EditRepair', { place: HOUSE }, ['staff'], false],
    ['TriageRepair', { priority: 'low' }, ['staff', 'maintenance'], false],
    ['AssignRepair', { userId: ALICE.id }, ['staff'], false],
    ['SetRepairState', { state: 'cancelled' }, ['staff', 'maintenance'], true],
    ['CommentRepair', { text: 'Hello' }, ['staff', 'maintenance', 'security'], true],
    ['AddRepairCost', { text: 'A seal', price: { amount: 1, currency: 'EUR' } }, ['staff', 'maintenance'], false],
    ['MergeRepair', { into: FLAT }, ['staff'], false],
    ['CloseRepair', { until: UNTIL }, [], false],
  ];
  const refusedTo = (type: RepairCommand['type'], data: unknown, actor: Actor) => {
    const decided = repair.decide(ask(type, data, actor), repair.evolve(repair.initial, filed), AT);
    return 'refused' in decided && (decided.refused === 'forbidden' || decided.refused === 'not_found') ? decided.refused : 'let in';
  };
  it.each(commands)('%s %j: by role at its site, and as who filed it', (type, data, roles, requester) => {
    for (const role of ['staff', 'maintenance', 'security'] as const)
      expect(refusedTo(type, data, worksAs(role)), role).toBe(roles.includes(role) ? 'let in' : 'forbidden');
    expect(refusedTo(type, data, ALICE)).toBe(requester ? 'let in' : 'forbidden');
    for (const actor of [BOB, worksAs('staff', FLAT)]) expect(refusedTo(type, data, actor)).toBe('not_found');
  });
  it('maintenance takes a request and gives the own one back, and gives it to nobody else', () => {
    const bob = worksAs('maintenance');
    given(repair, filed)
      .when(ask('AssignRepair', { userId: BOB.id }, bob), BOB_REPAIRS)
      .then(assigned, step('filed', 'assigned'));
    given(repair, ...inState('assigned'))
      .when(ask('AssignRepair', { userId: null }, bob))
      .then({ type: 'RepairAssigned', data: { userId: null, previous: BOB.id } }, step('assigned', 'filed'));
    given(repair, filed)
      .when(ask('AssignRepair', { userId: ALICE.id }, bob))
      .refuses('forbidden');
  });
  it('who filed it changes its words until somebody has looked at it', () =>
    given(repair, ...inState('assigned'))
      .when(ask('EditRepair', { title: 'New' }, ALICE), AT)
      .refuses('forbidden'));
});
