import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { type BlocklistCommand, type BlocklistEvent, blocklistContract } from '../../contracts/blocklist.ts';
import type { SiteRole } from '../../contracts/post.ts';
import { stableId } from '../../platform/stable-id.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { blocklist, isBlocked, nameToCompare, plateToCompare } from './blocklist.ts';
import { noSite } from './site-state.ts';

const SITE = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
const OTHER = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2eff';
const facts = { site: { ...noSite, exists: true } };
const at = (role: SiteRole, site = SITE): Actor => ({ ...BOB, posts: [{ role, sites: [site] }] });
const ENTRY = stableId('6c1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a01', 'entry');
const UNTIL = '2027-06-01T00:00:00.000Z';
const MAX = { name: 'Max Grob', plate: 'B-XX 99', reason: 'Broke a door', until: UNTIL };

const begun: BlocklistEvent = { type: 'BlocklistBegun', data: {} };
const blocked: BlocklistEvent = { type: 'VisitorBlocked', data: { entry: ENTRY, ...MAX } };
const unblocked: BlocklistEvent = { type: 'VisitorUnblocked', data: { entry: ENTRY } };
const erased: BlocklistEvent = { type: 'BlockErased', data: { entry: ENTRY } };
const ask = (type: BlocklistCommand['type'], data: object, actor: Actor = at('staff')) => command<BlocklistCommand>(type, data, { id: SITE, actor });
const after = (...events: BlocklistEvent[]) => events.reduce(blocklist.evolve, blocklist.initial);

describe('a list of who is not let in', () => {
  it('is kept by the staff of the site and by admins', () => {
    given(blocklist).when(ask('BlockVisitor', MAX), facts).then(begun, blocked);
    given(blocklist, begun)
      .when(ask('BlockVisitor', MAX, ADMIN), facts)
      .then(blocked);
    for (const role of ['security', 'maintenance', 'customer-service'] as const)
      given(blocklist)
        .when(ask('BlockVisitor', MAX, at(role)), facts)
        .refuses('forbidden');
    for (const actor of [ALICE, at('staff', OTHER)])
      given(blocklist)
        .when(ask('BlockVisitor', MAX, actor), facts)
        .refuses('not_found');
    given(blocklist)
      .when(ask('BlockVisitor', MAX, ADMIN), { site: noSite })
      .refuses('not_found');
  });
  it('has ends, in the future and within three years', () => {
    for (const until of [NOW, '2029-12-01T00:00:00Z'])
      given(blocklist)
        .when(ask('BlockVisitor', { ...MAX, until }), facts)
        .refuses('invalid', '/until');
  });
  it('has each entry once, until it is taken off or forgotten', () => {
    given(blocklist, begun, blocked).when(ask('BlockVisitor', MAX), facts).then();
    given(blocklist, begun, blocked)
      .when(ask('UnblockVisitor', { entry: ENTRY }), facts)
      .then(unblocked);
    given(blocklist, begun, blocked, unblocked)
      .when(ask('UnblockVisitor', { entry: ENTRY }), facts)
      .then();
    given(blocklist, begun)
      .when(ask('UnblockVisitor', { entry: OTHER }), facts)
      .refuses('not_found');
    for (const before of [[blocked], [blocked, unblocked]])
      given(blocklist, begun, ...before)
        .when(ask('EraseBlocked', { entry: ENTRY }, { id: 'worker:visits', role: 'system', seesAll: true }))
        .then(erased);
    given(blocklist, begun, blocked, erased)
      .when(ask('EraseBlocked', { entry: ENTRY }, ADMIN), facts)
      .then();
  });
  it('wants a name or a plate', () => {
    const { body } = blocklistContract.commands.BlockVisitor as { body: { safeParse(sent: unknown): { success: boolean } } };
    const { name, plate, ...rest } = MAX;
    expect([{ ...rest, name }, { ...rest, plate }, rest].map((sent) => body.safeParse(sent).success)).toEqual([true, true, false]);
  });
});

describe('whoever comes', () => {
  const list = after(begun, blocked);
  it.each([
    ['the name', { name: 'Max Grob', plate: null }, true],
    ['the name in another order, with other capitals and accents', { name: 'GROB, Máx', plate: null }, true],
    ['the plate, with its parts set apart otherwise', { name: 'Vera', plate: 'bxx-99' }, true],
    ['neither', { name: 'Max', plate: 'B-XX 9' }, false],
    ['no sign that can be compared', { name: '-', plate: '-' }, false],
  ])('is known by %s', (_, who, expected) => expect(isBlocked(list, who, NOW)).toBe(expected));
  it('is let in from the end on, and once the entry was taken off or forgotten', () => {
    const max = { name: 'Max Grob', plate: null };
    expect(isBlocked(list, max, UNTIL)).toBe(false);
    for (const last of [unblocked, erased]) expect(isBlocked(after(begun, blocked, last), max, NOW)).toBe(false);
  });
  it('is nobody who is not on the list, where what was said of an entry has been erased', () => {
    const gone = after(begun, { type: 'VisitorBlocked', data: { entry: ENTRY, plate: '-', reason: '[erased]', until: UNTIL } });
    expect(isBlocked(gone, { name: 'Vera', plate: '-' }, NOW)).toBe(false);
  });
});

it('a name and a plate are compared by letters and digits alone, whatever stands between', () => {
  const words = fc.array(fc.stringMatching(/^[a-z0-9]{1,6}$/), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(words, fc.constantFrom(' ', '-', ', ', ' . '), (parts, between) => {
      expect(nameToCompare(parts.toReversed().join(between).toUpperCase())).toBe(nameToCompare(parts.join(' ')));
      expect(plateToCompare(parts.join(between))).toBe(plateToCompare(parts.join('').toUpperCase()));
    }),
  );
});
