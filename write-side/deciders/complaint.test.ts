import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { type ComplaintCommand, type ComplaintEvent, complaintContract } from '../../contracts/complaint.ts';
import { type SiteEvent, siteContract } from '../../contracts/site.ts';
import { stableId } from '../../platform/stable-id.ts';
import type { Facts } from '../decider.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { complaint } from './complaint.ts';
import { site } from './site.ts';

const { filedBy: _, ...FILED } = complaintContract.events.ComplaintFiled.example;
const PLACE = FILED.place;
const moved = (userId: string, from: string, until?: string): SiteEvent[] => {
  const residency = stableId(userId);
  return [
    { type: 'ResidentMovedIn', data: { residency, unit: PLACE, userId, from } },
    ...(until ? [{ type: 'ResidentMovedOut' as const, data: { residency, unit: PLACE, userId, until } }] : []),
  ];
};
const siteOf = (...more: SiteEvent[]): Facts => {
  const events: SiteEvent[] = [
    { type: 'SiteAdded', data: siteContract.events.SiteAdded.example },
    { type: 'PlaceAdded', data: { placeId: PLACE, kind: 'unit', name: 'Flat 3', parent: null } },
    ...more,
  ];
  return { site: events.reduce(site.evolve, site.initial) };
};
const AT_HOME = siteOf(...moved(ALICE.id, '2026-01-01T00:00:00.000Z'));
const filed: ComplaintEvent = { type: 'ComplaintFiled', data: { ...FILED, filedBy: ALICE.id } };
const unnamed: ComplaintEvent = { type: 'ComplaintFiled', data: { ...FILED, filedBy: null } };
const changed = (from: 'filed' | 'acknowledged' | 'in-progress', to: 'acknowledged' | 'in-progress' | 'resolved'): ComplaintEvent => ({
  type: 'ComplaintStatusChanged',
  data: { from, to },
});
const resolved = changed('filed', 'resolved');
const escalated: ComplaintEvent = { type: 'ComplaintEscalated', data: {} };
const reopened: ComplaintEvent = { type: 'ComplaintReopened', data: {} };
const at = (role: 'staff' | 'customer-service' | 'security', ...sites: string[]): Actor => ({ ...BOB, posts: [{ role, sites }] });
const SERVICE = at('customer-service', FILED.site);
const ask = (type: ComplaintCommand['type'], data: unknown = null, actor = SERVICE) => command<ComplaintCommand>(type, data, { actor });
const file = (more: object = {}, actor = ALICE) => ask('FileComplaint', { ...FILED, ...more }, actor);
const anonymously = (actor = ALICE) => ask('FileComplaintAnonymously', { ...FILED, final: true }, actor);

describe('a complaint', () => {
  it('is filed by who lives at the site, works with complaints there, or is an admin', () => {
    given(complaint).when(file(), AT_HOME).then(filed);
    for (const actor of [SERVICE, at('staff', FILED.site), at('staff'), ADMIN])
      given(complaint)
        .when(file({}, actor), siteOf())
        .then({ type: 'ComplaintFiled', data: { ...FILED, filedBy: actor.id } });
  });
  it('is filed by nobody else, whether there is such a site or not', () => {
    for (const actor of [BOB, at('security', FILED.site), at('staff', PLACE)]) {
      given(complaint).when(file({}, actor), AT_HOME).refuses('forbidden');
      given(complaint).when(file({}, actor)).refuses('forbidden');
    }
    given(complaint)
      .when(file(), siteOf(...moved(ALICE.id, '2026-01-01T00:00:00.000Z', NOW)))
      .refuses('forbidden');
    given(complaint)
      .when(file(), siteOf(...moved(ALICE.id, '2026-12-01T00:00:00.000Z')))
      .refuses('forbidden');
  });
  it('is of a site that is there, and of a place of it', () => {
    given(complaint).when(file({}, ADMIN)).refuses('invalid', '/site');
    given(complaint)
      .when(file({ place: stableId('elsewhere') }), AT_HOME)
      .refuses('invalid', '/place');
  });
  it('is filed anonymously by who lives there alone, and then says of nobody that they filed it', () => {
    given(complaint).when(anonymously(), AT_HOME).then(unnamed);
    for (const actor of [SERVICE, ADMIN, BOB]) given(complaint).when(anonymously(actor), AT_HOME).refuses('forbidden');
    const { topics } = complaint;
    const after = [unnamed].reduce(complaint.evolve, complaint.initial);
    expect(JSON.stringify([after, topics('complaint-1', { before: complaint.initial, event: unnamed, after, facts: AT_HOME })])).not.toContain(
      ALICE.id,
    );
  });
  it('that was filed anonymously is not there for who filed it', () => {
    given(complaint, unnamed)
      .when(ask('ReplyToComplaint', { text: 'Mine.' }, ALICE))
      .refuses('not_found');
  });
  it('is not there for who neither filed nor handles it', () => {
    for (const actor of [BOB, at('security', FILED.site), at('staff', PLACE)])
      for (const type of ['EscalateComplaint', 'ReopenComplaint'] as const)
        given(complaint, filed)
          .when(ask(type, null, actor))
          .refuses('not_found');
    given(complaint).when(ask('EscalateComplaint')).refuses('not_found');
  });
  it('is handled by who handles complaints there, and answered and reopened by who filed it, too', () => {
    const reply = { reply: stableId(command('ReplyToComplaint', null).commandId, 'reply'), text: 'It is warm.' };
    given(complaint, filed)
      .when(ask('ReplyToComplaint', { text: 'It is warm.' }, ALICE))
      .then({ type: 'ComplaintReplied', data: reply });
    given(complaint, filed, resolved)
      .when(ask('ReopenComplaint', null, ALICE))
      .then(reopened);
    for (const [type, data] of [
      ['ChangeComplaintStatus', { status: 'resolved' }],
      ['EscalateComplaint', null],
      ['EditComplaint', { priority: 'low' }],
      ['NoteOnComplaint', { text: 'No.' }],
    ] as const)
      given(complaint, filed)
        .when(ask(type, data, ALICE))
        .refuses('forbidden');
  });
  it('is acknowledged, in progress and resolved, and goes back by being reopened alone', () => {
    const to = (status: string) => ask('ChangeComplaintStatus', { status });
    given(complaint, filed).when(to('acknowledged')).then(changed('filed', 'acknowledged'));
    given(complaint, filed, changed('filed', 'acknowledged')).when(to('acknowledged')).then();
    given(complaint, filed, changed('filed', 'in-progress')).when(to('acknowledged')).refuses('conflict');
    given(complaint, filed, resolved).when(to('in-progress')).refuses('conflict');
    given(complaint, filed).when(ask('ReopenComplaint')).refuses('conflict');
  });
  it('is escalated once while it is not resolved, and again once it was reopened', () => {
    given(complaint, filed).when(ask('EscalateComplaint')).then(escalated);
    given(complaint, filed, escalated).when(ask('EscalateComplaint')).then();
    given(complaint, filed, resolved).when(ask('EscalateComplaint')).refuses('conflict');
    given(complaint, filed, escalated, resolved, reopened).when(ask('EscalateComplaint')).then(escalated);
  });
  it('is edited by what changes alone', () => {
    given(complaint, filed)
      .when(ask('EditComplaint', { cause: FILED.cause, labels: ['cold', 'cold'] }))
      .then({ type: 'ComplaintEdited', data: { labels: ['cold'] } });
    given(complaint, filed)
      .when(ask('EditComplaint', { cause: FILED.cause }))
      .then();
  });
  it('tells who handles it of everything, and who filed it of all but notes', () => {
    const state = [filed].reduce(complaint.evolve, complaint.initial);
    const topics = (event: ComplaintEvent) => complaint.topics('complaint-1', { before: state, event, after: state, facts: {} });
    const handling = [`site:${FILED.site}:staff`, `site:${FILED.site}:customer-service`];
    expect(topics({ type: 'ComplaintNoted', data: { note: PLACE, text: 'No.' } })).toEqual(handling);
    expect(topics(escalated)).toEqual([...handling, `user:${ALICE.id}`]);
  });
  it('whatever is asked of it, says of nobody who may not know', () => {
    const types = Object.keys(complaintContract.commands) as ComplaintCommand['type'][];
    const asked = fc.record({ type: fc.constantFrom(...types), status: fc.constantFrom('acknowledged', 'in-progress', 'resolved') });
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 20 }), (all) => {
        let state = [unnamed].reduce(complaint.evolve, complaint.initial);
        for (const { type, status } of all) {
          const of = (actor: Actor) => complaint.decide(ask(type, { ...FILED, status, text: 'So.', final: true }, actor), state, siteOf());
          expect(of(BOB)).toMatchObject({ refused: type.startsWith('File') ? 'forbidden' : 'not_found' });
          const decided = of(SERVICE);
          if (!('refused' in decided)) state = decided.reduce(complaint.evolve, state);
        }
        expect(state).toMatchObject({ filedBy: state.filedBy === BOB.id ? BOB.id : null, site: FILED.site });
      }),
    );
  });
});
