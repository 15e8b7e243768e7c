/** Repair requests from outside: filed, repaired, confirmed, reopened, merged and paid for; who sees them; over HTTP and sockets. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { COURT, type Court, openCourt, type Workers } from './court.fixture.ts';
import { upload } from './form.fixture.ts';
import { follow } from './live.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

let system: Installation;
let ann: User;
let ben: User;
let workers: Workers;
/** Ben lives in the second flat; and there is a lift in the house. */
let court: Court & { lift: string };
let elsewhere: string;

beforeAll(async () => {
  system = await openInstallation({ ...UNLIMITED, LOG_LEVEL: 'info' });
  [ann, ben] = [await system.register('Ann'), await system.register('Ben')];
  const { admin } = system;
  const opened = await openCourt(system, ann);
  ({ elsewhere, workers } = opened);
  const { id, house, other } = opened.court;
  await admin.ok(`POST /api/sites/${id}/residents`, { unit: other, userId: ben.id });
  await admin.ok(`PUT /api/sites/${id}/asset-kinds`, { kinds: [{ kind: 'Lift', fields: [] }] });
  const lift = (await admin.ok('POST /api/assets', { site: id, kind: 'Lift', name: 'Lift', place: house })).body.id;
  court = { ...opened.court, lift };
  await vi.waitFor(async () => expect((await workers.staff.call(`GET /api/sites/${id}`)).status).toBe(200), 20_000);
}, 240_000);
afterAll(() => system?.remove());

interface Made {
  id: string;
  position: string;
  of: string;
}
const file = async (repair: object = {}, by: User = ann): Promise<Made> => {
  const { body } = await by.ok('POST /api/repairs', { site: court.id, place: court.flat, title: 'It drips', ...repair });
  return { ...body, of: `/api/repairs/${body.id}` };
};
const read = async (user: User, { of }: Made, position: string) => (await user.ok(`GET ${of}`, undefined, { 'read-after': position })).body;
const refused = async (call: Promise<{ status: number; body: { errors?: { pointer: string }[] } }>) => {
  const { status, body } = await call;
  return [status, body.errors?.[0]?.pointer];
};

describe('a repair request', () => {
  it('goes from its filing to its end, with its steps, its words and its costs', async () => {
    const { staff, maintenance } = workers;
    const made = await file({ description: 'Under the sink.', asset: court.lift, labels: ['water'] });
    await staff.ok(`PUT ${made.of}/triage`, { priority: 'high', cause: 'wear', deadline: '2036-01-01T00:00:00Z' });
    await staff.ok(`PUT ${made.of}/assignee`, { userId: maintenance.id });
    await maintenance.ok(`PUT ${made.of}/state`, { state: 'in-progress' });
    await maintenance.ok(`PUT ${made.of}/state`, { state: 'waiting', waitingFor: 'parts', reason: 'The seal comes on Monday.' });
    await ann.ok(`POST ${made.of}/comments`, { text: 'I am at home on Monday.' });
    await maintenance.ok(`POST ${made.of}/costs`, { text: 'A seal', price: { amount: 250, currency: 'EUR' } });
    await maintenance.ok(`PUT ${made.of}/state`, { state: 'done' });
    await ann.ok(`POST ${made.of}/reopen`, { reason: 'It still drips.' });
    await maintenance.ok(`PUT ${made.of}/state`, { state: 'done' });
    const { position } = (await ann.ok(`POST ${made.of}/confirm`)).body;
    const seen = await read(workers.security, made, position);
    expect(seen).toMatchObject({
      ...{ site: court.id, place: court.flat, asset: court.lift, title: 'It drips', description: 'Under the sink.', labels: ['water'] },
      ...{ state: 'confirmed', priority: 'high', cause: 'wear', requester: ann.id, assignee: maintenance.id, deadline: '2036-01-01T00:00:00.000Z' },
      comments: [{ by: ann.id, text: 'I am at home on Monday.' }],
      costs: [{ by: maintenance.id, text: 'A seal', price: { amount: 250, currency: 'EUR' } }],
      total: { amount: 250, currency: 'EUR' },
    });
    expect(seen.steps.map(({ to }: { to: string }) => to)).toEqual('triaged assigned in-progress waiting done assigned done confirmed'.split(' '));
    expect(await read(ann, made, position)).not.toHaveProperty('costs');
    expect((await workers.staff.ok(`GET /api/assets/${court.lift}`)).body.repairs).toMatchObject([{ id: made.id, state: 'confirmed' }]);
    expect(await refused(ann.call(`POST ${made.of}/reopen`, { reason: 'Again.' }))).toEqual([409, undefined]);
  });

  it.each([
    ['another’s flat', () => ({ place: court.other }), [422, '/place']],
    ['no place', () => ({ place: undefined }), [422, '/place']],
    ['an asset that is not there', () => ({ asset: court.flat }), [422, '/asset']],
    ['a title of nothing', () => ({ title: ' ' }), [422, '/title']],
    ['a site where they have no part', () => ({ site: elsewhere }), [403, undefined]],
    ['no site at all', () => ({ site: court.flat }), [403, undefined]],
  ])('of a resident is refused for %s', async (_, repair, expected) => {
    expect(await refused(ann.call('POST /api/repairs', { site: court.id, place: court.flat, title: 'It drips', ...repair() }))).toEqual(expected);
  });

  it('refuses what cannot follow, a currency that does not fit, and who cannot repair it', async () => {
    const made = await file();
    const { staff, maintenance } = workers;
    const price = (amount: number, currency: string) => ({ text: 'A seal', price: { amount, currency } });
    await staff.ok(`POST ${made.of}/costs`, price(1, 'EUR'));
    for (const [what, sent, expected] of [
      [`PUT ${made.of}/state`, { state: 'in-progress' }, [409, undefined]],
      [`PUT ${made.of}/state`, { state: 'confirmed' }, [422, '/state']],
      [`PUT ${made.of}/state`, { state: 'waiting' }, [422, '/waitingFor']],
      [`POST ${made.of}/costs`, price(1, 'USD'), [422, '/price/currency']],
      [`POST ${made.of}/costs`, price(1, 'QQQ'), [422, '/price/currency']],
      [`POST ${made.of}/costs`, price(1.5, 'EUR'), [422, '/price/amount']],
      [`PUT ${made.of}/assignee`, { userId: workers.security.id }, [422, '/userId']],
      [`POST ${made.of}/merge`, { into: made.id }, [422, '/into']],
    ] as const)
      expect([what, ...(await refused(staff.call(what, sent)))]).toEqual([what, ...expected]);
    expect((await maintenance.call(`POST ${made.of}/merge`, { into: made.id })).status).toBe(403);
    expect((await ben.call(`POST ${made.of}/comments`, { text: 'Hello' })).status).toBe(404);
    expect((await ben.call(`GET ${made.of}`)).status).toBe(404);
  });

  it('is merged into an earlier one, of which it is a duplicate', async () => {
    const [first, second] = [await file({ title: 'First' }), await file({ title: 'Second', place: court.other }, ben)];
    expect((await workers.staff.call(`POST ${first.of}/merge`, { into: second.id })).status).toBe(422);
    const { position } = (await workers.staff.ok(`POST ${second.of}/merge`, { into: first.id })).body;
    expect(await read(ben, second, position)).toMatchObject({ state: 'merged', duplicateOf: first.id });
    expect(await read(workers.staff, first, position)).toMatchObject({ duplicates: [second.id] });
  });

  it('is heard of by who works at its site and who filed it, who hears nothing of its costs', async () => {
    const mine = follow(system, ann, `user:${ann.id}`);
    const theirs = follow(system, workers.maintenance, `site:${court.id}:maintenance`);
    await Promise.all([mine.joined(), theirs.joined()]);
    const made = await file();
    await workers.staff.ok(`POST ${made.of}/costs`, { text: 'A seal', price: { amount: 1, currency: 'EUR' } });
    const { position } = (await workers.staff.ok(`PUT ${made.of}/assignee`, { userId: workers.maintenance.id })).body;
    await Promise.all([mine.reached(position), theirs.reached(position)]);
    const typesIn = (live: typeof mine) => live.changes.filter(({ stream }) => stream === `repair-${made.id}`).map(({ type }) => type);
    expect(typesIn(theirs)).toEqual(['RepairFiled', 'RepairCostAdded', 'RepairAssigned', 'RepairStateChanged']);
    expect(typesIn(mine)).toEqual(['RepairFiled', 'RepairAssigned', 'RepairStateChanged']);
    for (const live of [mine, theirs]) live.close();
  });

  it('has pictures of who filed it, which who works at its site sees', async () => {
    const made = await file();
    const attach = (user: User) =>
      upload({ url: system.url(), user }, { repair: made.id, file: { name: 'a.txt', bytes: Buffer.from('What drips.') } });
    const { status, body, text } = await attach(ann);
    expect(status, text).toBeLessThan(300);
    expect((await attach(ben)).status).toBeGreaterThanOrEqual(403);
    await vi.waitFor(async () => {
      const { items } = (await workers.maintenance.ok(`GET /api/media?repair=${made.id}`)).body;
      expect(items.map(({ id }: { id: string }) => id)).toEqual([body.id]);
    }, 20_000);
    expect((await ben.ok(`GET /api/media?repair=${made.id}`)).body.items).toEqual([]);
  });
});

describe('the task of a repair request', () => {
  const taskOf = async (title: string) => {
    const { maintenance } = workers;
    const read = async () => (await maintenance.ok('GET /api/tasks?limit=100')).body.items as { id: string; title: string; status: string }[];
    await vi.waitFor(async () => expect((await read()).map((one) => one.title)).toContain(title), 20_000);
    return (await read()).find((one) => one.title === title)?.id;
  };
  it('is its assignee’s, shows what was written and its pictures, and both stay in step', async () => {
    const { maintenance, staff } = workers;
    const made = await file({ description: 'Under the sink.', place: court.kitchen });
    await upload({ url: system.url(), user: ann }, { repair: made.id, file: { name: 'a.txt', bytes: Buffer.from('What drips.') } });
    await staff.ok(`PUT ${made.of}/assignee`, { userId: maintenance.id });
    const task = `/api/tasks/${await taskOf('Repair: Kitchen')}`;
    await vi.waitFor(async () => {
      const { repair, maker, assignee } = (await maintenance.ok(`GET ${task}`)).body;
      expect({ repair, maker, assignee }).toEqual({
        repair: { id: made.id, title: 'It drips', description: 'Under the sink.', state: 'assigned' },
        ...{ maker: staff.id, assignee: maintenance.id },
      });
    }, 20_000);
    expect((await maintenance.ok(`GET /api/media?repair=${made.id}`)).body.items).toHaveLength(1);
    await maintenance.ok(`PUT ${task}/status`, { status: 'in-progress' });
    await vi.waitFor(async () => expect((await ann.ok(`GET ${made.of}`)).body.state).toBe('in-progress'), 20_000);
    await staff.ok(`PUT ${made.of}/state`, { state: 'done' });
    await vi.waitFor(async () => expect((await maintenance.ok(`GET ${task}`)).body.status).toBe('done'), 20_000);
    const { items } = (await maintenance.ok(`GET ${task}/history`)).body;
    expect(items.at(-1)).toMatchObject({ type: 'TaskStatusChanged', actor: 'policy:repair-tasks', data: { to: 'done', because: 'repair_request' } });
    expect((await system.admin.ok(`GET ${task}`)).body.repair.state).toBe('done');
  });
});

describe('a repair request without an account', () => {
  const tokenOf = async (asset: string) => (await workers.staff.ok(`GET /api/assets/${asset}/link`)).body.link.split('/').at(-1) as string;
  const pathOf = (link: string) => new URL(link).pathname;

  it('is filed by the link on a label, and its own link shows how it goes and nobody’s name', async () => {
    const asset = (await system.admin.ok('POST /api/assets', { site: court.id, kind: 'Lift', name: 'Scanned', place: court.house })).body.id;
    await vi.waitFor(() => tokenOf(asset), 20_000);
    const file = (headers = {}) =>
      tokenOf(asset).then((token) =>
        system.call(`POST /api/assets/by-link/${token}/repairs`, { title: 'It is stuck', description: 'Help.' }, headers),
      );
    const { status, body, headers } = await file({ 'idempotency-key': 'by-link-1' });
    expect([status, Object.keys(body), headers.get('cache-control')]).toEqual([201, ['tracking'], 'no-store']);
    expect((await file({ 'idempotency-key': 'by-link-1' })).body).toEqual(body);
    expect((await file()).body).not.toEqual(body);
    const track = `GET ${pathOf(body.tracking)}`;
    await vi.waitFor(async () => expect((await system.call(track)).body.state).toBe('filed'), 20_000);
    const { items } = (await workers.staff.ok(`GET /api/repairs?asset=${asset}`)).body;
    expect(items).toHaveLength(2);
    const [id] = items
      .filter(({ requester }: { requester: null }) => requester === null)
      .map((one: { id: string }) => one.id)
      .slice(-1);
    await workers.staff.ok(`POST /api/repairs/${id}/comments`, { text: 'We are coming.' });
    await workers.staff.ok(`PUT /api/repairs/${id}/assignee`, { userId: workers.maintenance.id });
    await workers.staff.ok(`PUT /api/repairs/${id}/state`, { state: 'done' });
    await workers.staff.ok(`POST /api/repairs/${id}/confirm`);
    const seen = await vi.waitFor(async () => {
      const answer = await system.call(track);
      expect(answer.body.state).toBe('confirmed');
      return answer;
    }, 20_000);
    expect(seen.body.replies).toEqual([{ time: expect.any(String), text: 'We are coming.' }]);
    expect([seen.headers.get('x-robots-tag'), seen.headers.get('cache-control')]).toEqual(['noindex', 'no-store']);
    for (const { id: someone } of [workers.staff, workers.maintenance, { id }]) expect(seen.text).not.toContain(someone);
    await vi.waitFor(() => expect(system.output()).toContain('/api/assets/by-link/'), 20_000);
    const lines = system.output().split('\n');
    const filed = lines.filter((line) => line.includes('"POST"') && line.includes('/api/assets/by-link/'));
    expect(filed.length).toBeGreaterThan(0);
    for (const line of filed) expect(line).not.toContain('"network"');
    for (const token of [track.split('/').at(-1) ?? '', await tokenOf(asset)]) expect(lines.filter((line) => line.includes(token))).toEqual([]);
  });

  it('is not filed by a link that has ended, and is not tracked by any other', async () => {
    const token = await tokenOf(court.lift);
    expect((await system.call(`POST /api/assets/by-link/${token}/repairs`, { title: ' ' })).status).toBe(422);
    await workers.staff.ok(`POST /api/assets/${court.lift}/link`);
    expect((await system.call(`POST /api/assets/by-link/${token}/repairs`, { title: 'Stuck' })).status).toBe(404);
    for (const other of [token, 'A'.repeat(43), 'x']) expect((await system.call(`GET /api/repairs/track/${other}`)).status).toBe(404);
  });

  it('is filed a few times from a network, and a few times for an asset', async () => {
    for (const limit of ['ASSET_REPAIR_LIMIT', 'NETWORK_REPAIR_LIMIT']) {
      const strict = await openInstallation({ ...UNLIMITED, [limit]: '2' });
      const { admin } = strict;
      const { id } = (await admin.ok('POST /api/sites', COURT)).body;
      await admin.ok(`PUT /api/sites/${id}/asset-kinds`, { kinds: [{ kind: 'Lift', fields: [] }] });
      const asset = (await admin.ok('POST /api/assets', { site: id, kind: 'Lift', name: 'Lift' })).body;
      const { link } = (await admin.ok(`GET /api/assets/${asset.id}/link`, undefined, { 'read-after': asset.position })).body;
      const send = (key: string) =>
        strict.call(`POST /api/assets/by-link/${link.split('/').at(-1)}/repairs`, { title: 'Stuck' }, { 'idempotency-key': key });
      const statuses: number[] = [];
      for (const key of ['1', '2', '2', '3']) statuses.push((await send(key)).status);
      expect(statuses).toEqual([201, 201, 201, 429]);
      await strict.remove();
    }
  });
});

describe('the list of repair requests', () => {
  let position = '';
  beforeAll(async () => {
    const { staff, maintenance } = workers;
    const one = await file({ title: 'List kitchen', place: court.kitchen, labels: ['hot'] });
    await file({ title: 'List house', place: court.house, asset: court.lift }, staff);
    await file({ title: 'List other', place: court.other }, ben);
    await system.admin.ok('POST /api/repairs', { site: elsewhere, title: 'List elsewhere' });
    await staff.ok(`PUT ${one.of}/triage`, { priority: 'urgent' });
    position = (await staff.ok(`PUT ${one.of}/assignee`, { userId: maintenance.id })).body.position;
  }, 60_000);
  const titles = async (user: User, query = '') =>
    (await user.ok(`GET /api/repairs?q=list${query}`, undefined, { 'read-after': position })).body.items.map(({ title }: { title: string }) => title);

  it('has what is asked for, the newest first, in pages', async () => {
    const { staff, maintenance } = workers;
    expect(await titles(staff)).toEqual(['List other', 'List house', 'List kitchen']);
    expect(await titles(staff, `&place=${court.flat}`)).toEqual(['List kitchen']);
    expect(await titles(staff, `&asset=${court.lift}`)).toEqual(['List house']);
    expect(await titles(staff, '&state=assigned,done')).toEqual(['List kitchen']);
    expect(await titles(staff, `&assignee=${maintenance.id}`)).toEqual(['List kitchen']);
    expect(await titles(staff, '&assignee=none')).toEqual(['List other', 'List house']);
    expect(await titles(staff, '&priority=urgent&label=hot')).toEqual(['List kitchen']);
    expect(await titles(system.admin, `&site=${elsewhere}`)).toEqual(['List elsewhere']);
    const first = (await staff.ok('GET /api/repairs?q=list&limit=2')).body;
    const rest = (await staff.ok(`GET /api/repairs?q=list&limit=2&cursor=${first.next}`)).body;
    expect([first.items.length, rest.items.length, rest.next]).toEqual([2, 1, undefined]);
  });

  it('has for a resident the own ones, and nothing of a site where the caller does not work', async () => {
    expect(await titles(ann)).toEqual(['List kitchen']);
    expect(await titles(ben)).toEqual(['List other']);
    expect(await titles(workers.staff, `&site=${elsewhere}`)).toEqual([]);
    expect(await titles(await system.register('Stranger'))).toEqual([]);
  });
});

it('what a person wrote is given back to them, and gone once they are erased', async () => {
  const cal = await system.register('Cal');
  await system.admin.ok(`POST /api/sites/${court.id}/residents`, { unit: court.flat, userId: cal.id });
  const made = await file({ title: 'Cal’s tap drips', labels: ['cal'] }, cal);
  await workers.staff.ok(`PUT ${made.of}/assignee`, { userId: workers.maintenance.id });
  await cal.ok(`POST ${made.of}/comments`, { text: 'Ask for Cal.' });
  await workers.maintenance.ok(`PUT ${made.of}/state`, { state: 'done' });
  await cal.ok(`POST ${made.of}/reopen`, { reason: 'Cal says no.' });
  await vi.waitFor(async () => {
    const { repairs, repairWords } = (await cal.ok(`GET /api/users/${cal.id}/export`)).body;
    expect(repairs).toMatchObject([{ id: made.id, title: 'Cal’s tap drips', state: 'assigned', assignee: 'another' }]);
    expect(repairWords).toMatchObject([
      { repair: made.id, text: 'Ask for Cal.', as: 'comment' },
      { repair: made.id, text: 'Cal says no.', as: 'reason' },
    ]);
  }, 20_000);
  expect((await system.admin.call(`DELETE /api/users/${cal.id}?erase=true`)).status).toBeLessThan(300);
  await vi.waitFor(async () => {
    const { title, labels, comments, steps } = (await system.admin.ok(`GET ${made.of}`)).body;
    expect({ title, labels, said: comments[0].text, reason: steps.at(-1).reason }).toEqual({
      ...{ title: '[erased]', labels: [], said: '[erased]', reason: '[erased]' },
    });
  }, 60_000);
});
