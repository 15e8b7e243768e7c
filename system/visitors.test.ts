/** Visitors from outside: expected by a resident, let in by the desk or by a code, seen by those alone whom they concern. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { follow } from './live.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

const COURT = { name: 'Linden & Court', address: 'Lindenstraße 12, Berlin', timeZone: 'Europe/Berlin' };
const HOUR = 3_600_000;
const TRIES = 30;
const inHours = (hours: number) => new Date(Date.now() + hours * HOUR).toISOString();

let system: Installation;
let ann: User;
let ben: User;
const people = {} as Record<'staff' | 'security' | 'security2' | 'maintenance' | 'elsewhere', User>;
let court: { id: string; flat: string };
let other: string;

beforeAll(async () => {
  system = await openInstallation({ ...UNLIMITED, VISIT_CODE_LIMIT: String(TRIES) });
  const { admin } = system;
  [ann, ben] = [await system.register('Ann'), await system.register('Ben')];
  const id = (await admin.ok('POST /api/sites', COURT)).body.id;
  other = (await admin.ok('POST /api/sites', { ...COURT, name: 'Elm Court' })).body.id;
  const flat = (await admin.ok(`POST /api/sites/${id}/places`, { kind: 'unit', name: 'Flat <1>' })).body.place;
  await admin.ok(`POST /api/sites/${id}/residents`, { unit: flat, userId: ann.id });
  court = { id, flat };
  const posts = { staff: [id], security: [id], security2: [id], maintenance: [id], elsewhere: [other] };
  for (const [name, sites] of Object.entries(posts) as [keyof typeof people, string[]][]) {
    people[name] = await system.register(name);
    const role = name === 'elsewhere' ? 'security' : name.replace('2', '');
    await admin.ok(`PUT /api/users/${people[name].id}/posts`, { posts: [{ role, sites }] });
  }
  for (const name of ['security', 'security2', 'staff'] as const)
    await vi.waitFor(async () => expect((await people[name].call(`GET /api/sites/${id}`)).status).toBe(200), 20_000);
}, 240_000);
afterAll(() => system?.remove());

const expectVera = async (more: object = {}, host = ann) => {
  const body = { site: court.id, unit: court.flat, name: 'Vera Blume', plate: 'B-VB 2027', from: inHours(-1), until: inHours(1), ...more };
  return (await host.ok('POST /api/visitors', body)).body as { id: string; position: string; code: { qr: string; letters: string } };
};
const seen = async (user: User, id: string, position: string) => user.call(`GET /api/visitors/${id}`, undefined, { 'read-after': position });
const arrive = (code: string, desk = people.security, site = court.id) => desk.call(`POST /api/sites/${site}/arrivals`, { code });

describe('a visitor', () => {
  it('is expected by a resident, let in at the desk, and leaves; host and desk follow it live, and nobody else sees it', async () => {
    const live = follow(system, ann, `user:${ann.id}`);
    await live.joined();
    const { id, position } = await expectVera({ people: 2 });
    for (const who of [ann, people.staff, people.security, system.admin]) {
      const { status, body } = await seen(who, id, position);
      expect([status, body?.name, body?.status, body?.people]).toEqual([200, 'Vera Blume', 'expected', 2]);
    }
    for (const who of [ben, people.maintenance, people.elsewhere]) {
      expect((await seen(who, id, position)).status).toBe(404);
      expect((await who.call(`POST /api/visitors/${id}/arrive`)).status).toBe(404);
      expect((await who.ok(`GET /api/visitors?site=${court.id}`)).body.items).toEqual([]);
    }
    expect((await ann.call(`POST /api/visitors/${id}/arrive`)).status).toBe(403);
    await people.security.ok(`POST /api/visitors/${id}/arrive`);
    const { body } = await people.security.ok(`POST /api/visitors/${id}/leave`);
    expect((await seen(ann, id, body.position)).body).toMatchObject({ status: 'left', arrivedAt: expect.any(String), leftAt: expect.any(String) });
    await live.reached(body.position);
    const ofVisit = live.changes.map(({ type }) => type).filter((type) => type.startsWith('Visit'));
    expect(ofVisit).toEqual(['VisitorExpected', 'VisitorArrived', 'VisitorLeft']);
    live.close();
    expect((await people.security.call(`POST /api/visitors/${id}/arrive`)).status).toBe(409);
    const told = expect.objectContaining({ kind: 'visitor_arrived', title: 'Vera Blume' });
    await vi.waitFor(async () => expect((await ann.ok('GET /api/inbox')).body.items).toContainEqual(told), 20_000);
  });

  it('is found by the desk by words of the name and by the plate, in any state, and by others not at all', async () => {
    const { position } = await expectVera({ name: 'Zoë Quist', plate: 'HH AB 1' });
    const found = async (user: User, query: string) =>
      (await user.ok(`GET /api/visitors?${query}`, undefined, { 'read-after': position })).body.items.map(({ name }: { name: string }) => name);
    for (const words of ['quist', 'hhab1', 'zoë%20qu'])
      expect(await found(people.security, `site=${court.id}&status=expected&words=${words}`)).toEqual(['Zoë Quist']);
    expect(await found(people.security, `words=quist&status=left`)).toEqual([]);
    expect(await found(ann, 'words=quist')).toEqual(['Zoë Quist']);
    expect(await found(ben, 'words=quist')).toEqual([]);
    expect(await found(people.elsewhere, `site=${court.id}&words=quist`)).toEqual([]);
  });

  it('who is refused has a reason, and who is cancelled is not let in', async () => {
    const first = await expectVera();
    const { body } = await people.security.ok(`POST /api/visitors/${first.id}/refuse`, { reason: 'No photo' });
    expect((await seen(ann, first.id, body.position)).body).toMatchObject({ status: 'refused', reason: 'No photo' });
    const second = await expectVera();
    await ann.ok(`POST /api/visitors/${second.id}/cancel`);
    expect((await arrive(second.code.letters)).status).toBe(409);
  });

  it('is given back to the host, without who it was', async () => {
    const { id, position } = await expectVera();
    await seen(ann, id, position);
    const { text, body } = await ann.ok(`GET /api/users/${ann.id}/export`);
    expect(body.visits).toContainEqual(expect.objectContaining({ id, site: court.id, unit: court.flat, status: 'expected', people: 1 }));
    expect(text).not.toContain('Vera');
  });

  it.each([
    ['a site where one neither lives nor is staff', { site: ':other' }, [422, '/site']],
    ['a unit of another site', { unit: ':other' }, [422, '/unit']],
    ['a time of more than 31 days', { until: inHours(31 * 24) }, [422, '/until']],
    ['a time that is over', { from: inHours(-3), until: inHours(-2) }, [422, '/until']],
    ['nobody', { people: 0 }, [422, '/people']],
    ['a name of nothing', { name: ' ' }, [422, '/name']],
  ])('is not expected for %s', async (_, more, expected) => {
    const sent = { site: court.id, unit: court.flat, name: 'Vera', from: inHours(-1), until: inHours(1), ...more };
    const { status, body } = await ann.call('POST /api/visitors', JSON.parse(JSON.stringify(sent).replaceAll(':other', other)));
    expect([status, body.errors?.[0]?.pointer]).toEqual(expected);
  });
});

describe('the code of a visit', () => {
  it('lets somebody in once, in either form, at two desks at once', async () => {
    const { id, code } = await expectVera();
    const replies = await Promise.all([arrive(code.qr), arrive(code.letters, people.security2), arrive(code.letters.toLowerCase(), people.staff)]);
    expect(replies.map(({ status, body }) => [status, body.id])).toEqual(replies.map(() => [200, id]));
    const [position = ''] = replies
      .map(({ body }) => body.position)
      .sort()
      .toReversed();
    expect((await seen(ann, id, position)).body).toMatchObject({ status: 'arrived', revision: 1 });
  });

  it('is made anew by a repeat for who still lives there, and for nobody who has moved out', async () => {
    const { residency } = (await system.admin.ok(`POST /api/sites/${court.id}/residents`, { unit: court.flat, userId: ben.id })).body;
    const sent = { site: court.id, unit: court.flat, name: 'Vera Blume', from: inHours(-1), until: inHours(1) };
    const ask = async () =>
      (await ben.call('POST /api/visitors', sent, { 'idempotency-key': 'moving-out' })).body as { id: string; code: { qr: string } | null };
    const [first, again] = [await ask(), await ask()];
    expect([again.id, again.code === null]).toEqual([first.id, false]);
    expect(again.code).not.toEqual(first.code);
    await system.admin.ok(`PUT /api/sites/${court.id}/residents/${residency}/end`, { until: inHours(0) });
    expect(await ask()).toMatchObject({ id: first.id, code: null });
    expect((await ben.call(`POST /api/visitors/${first.id}/code`)).status).toBe(403);
    await people.staff.ok(`POST /api/visitors/${first.id}/code`);
  });

  it('is good at its site, within its time, and until there is another one', async () => {
    const { id, code } = await expectVera();
    expect((await arrive(code.qr, people.elsewhere, other)).status).toBe(422);
    expect((await arrive(code.qr, people.elsewhere)).status).toBe(404);
    expect((await arrive(code.qr, people.maintenance)).status).toBe(403);
    const { body } = await ann.ok(`POST /api/visitors/${id}/code`);
    for (const old of [code.qr, code.letters]) expect((await arrive(old)).status).toBe(422);
    expect((await people.security.call(`POST /api/visitors/${id}/code`)).status).toBe(403);
    expect((await ben.call(`POST /api/visitors/${id}/code`)).status).toBe(404);
    expect((await arrive(body.code.letters)).status).toBe(200);
    expect((await ann.call(`POST /api/visitors/${id}/code`)).status).toBe(409);
    const later = await expectVera({ from: inHours(24), until: inHours(48) });
    const early = await arrive(later.code.qr);
    expect([early.status, early.body.detail]).toEqual([409, expect.stringContaining('good from')]);
  });

  it('is in the answer to a repeat, too, as a new one', async () => {
    const body = { site: court.id, unit: court.flat, name: 'Vera', from: inHours(-1), until: inHours(1) };
    const once = () => ann.ok('POST /api/visitors', body, { 'idempotency-key': 'vera' });
    const [first, again] = [(await once()).body, (await once()).body];
    expect([again.id, again.revision]).toEqual([first.id, first.revision]);
    expect((await arrive(first.code.qr)).status).toBe(422);
    expect((await arrive(again.code.qr)).status).toBe(200);
  });

  it('is in no list, no event, and no export', async () => {
    const { id, position, code } = await expectVera();
    const answers = [
      await seen(ann, id, position),
      await people.staff.ok(`GET /api/visitors?site=${court.id}`),
      await ann.ok(`GET /api/users/${ann.id}/export`),
    ];
    for (const { text } of answers) for (const form of [code.qr, code.letters]) expect(text).not.toContain(form);
    expect(system.output()).not.toContain(code.letters);
  });

  it('that is guessed again and again is found by nobody, and no other desk is kept from its work by it', async () => {
    const guesser = people.security2;
    const { code } = await expectVera();
    const guesses = Array.from({ length: 3 * TRIES }, (_, n) => `QQQQQQ${'ABCDEFGHJK'[n % 10]}${'ABCDEFGHJK'[Math.floor(n / 10)]}`);
    const statuses = await Promise.all(guesses.map(async (guess) => (await arrive(guess, guesser)).status));
    expect(new Set(statuses)).toEqual(new Set([422, 429]));
    expect(statuses.filter((status) => status === 422).length).toBeLessThanOrEqual(TRIES);
    // Not even a right one in letters is good now; the QR code is no guess.
    expect((await arrive(code.letters, guesser)).status).toBe(429);
    expect((await arrive(code.qr, guesser)).status).toBe(200);
    const another = await expectVera();
    expect((await arrive(another.code.letters)).status).toBe(200);
  });
});

describe('who is in the house', () => {
  it('is listed with how many they are, for the desk alone, and as a page to print', async () => {
    const body = { site: court.id, unit: court.flat, host: ann.id, name: '<b>Ola</b>', people: 3 };
    const { id, position } = (await people.security.ok('POST /api/visitors/walk-ins', body)).body;
    const inside = `GET /api/sites/${court.id}/inside`;
    const list = await people.staff.ok(inside, undefined, { 'read-after': position });
    expect(list.body.items).toContainEqual(expect.objectContaining({ id, name: '<b>Ola</b>', people: 3, place: 'Flat <1>', host: ann.id }));
    expect(list.body.people).toBe(list.body.items.reduce((sum: number, item: { people: number }) => sum + item.people, 0));
    const page = await people.security.ok(inside, undefined, { accept: 'text/html' });
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.text).toContain('<td>&#60;b&#62;Ola&#60;/b&#62;</td><td>3</td><td>Flat &#60;1&#62;</td>');
    expect((await ann.call(inside)).status).toBe(403);
    expect((await people.maintenance.call(inside)).status).toBe(403);
    expect((await people.elsewhere.call(inside)).status).toBe(404);
    const left = (await people.security.ok(`POST /api/visitors/${id}/leave`)).body;
    const after = await people.staff.ok(inside, undefined, { 'read-after': left.position });
    expect(after.body.items.map((item: { id: string }) => item.id)).not.toContain(id);
  });

  it('is let in without being expected by the desk alone', async () => {
    const body = { site: court.id, name: 'Ola' };
    for (const who of [ann, ben, people.maintenance, people.elsewhere])
      expect((await who.call('POST /api/visitors/walk-ins', body)).status).toBe(403);
  });
});

describe('who is blocked at a site', () => {
  const until = inHours(48);

  it('is not let in by code, by name or without being expected, and is again once taken off the list', async () => {
    const list = `/api/sites/${court.id}/blocked`;
    const { id, code } = await expectVera({ name: 'Max Grob', plate: 'B-XX 99' });
    const made = (await people.staff.ok(`POST ${list}`, { plate: 'bxx99', reason: 'Broke a door', until })).body;
    const refusals = [
      await arrive(code.qr),
      await people.security.call(`POST /api/visitors/${id}/arrive`),
      await people.security.call('POST /api/visitors/walk-ins', { site: court.id, name: 'Somebody', plate: 'B XX 99' }),
    ];
    expect(refusals.map(({ status, text }) => [status, text.includes('Broke')])).toEqual(refusals.map(() => [409, false]));
    const shown = (await people.security.ok(`GET ${list}`, undefined, { 'read-after': made.position })).body.items;
    expect(shown).toMatchObject([{ id: made.entry, name: null, plate: 'bxx99', reason: 'Broke a door' }]);
    for (const who of [ann, people.maintenance]) expect((await who.call(`GET ${list}`)).status).toBe(403);
    expect((await people.elsewhere.call(`GET ${list}`)).status).toBe(404);
    expect((await people.security.call(`DELETE ${list}/${made.entry}`)).status).toBe(403);
    await people.staff.ok(`DELETE ${list}/${made.entry}`);
    expect((await arrive(code.letters)).status).toBe(200);
    await vi.waitFor(async () => expect((await people.security.ok(`GET ${list}`)).body.items).toEqual([]), 20_000);
  });

  it.each([
    ['nobody', { name: undefined }, '/name'],
    ['no end', { until: undefined }, '/until'],
    ['an end that is over', { until: inHours(-1) }, '/until'],
    ['an end in four years', { until: inHours(4 * 366 * 24) }, '/until'],
    ['no reason', { reason: '' }, '/reason'],
  ])('is not entered with %s', async (_, more, pointer) => {
    const { status, body } = await people.staff.call(`POST /api/sites/${court.id}/blocked`, {
      name: 'Max Grob',
      reason: 'Broke a door',
      until,
      ...more,
    });
    expect([status, body.errors?.[0]?.pointer]).toEqual([422, pointer]);
  });
});
