/** Assets from outside: what is looked after at a site, who sees and changes it, over HTTP and sockets. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { User } from './client.fixture.ts';
import { type Court, openCourt, type Workers } from './court.fixture.ts';
import { upload } from './form.fixture.ts';
import { follow } from './live.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

const KINDS = [
  { kind: 'Lift', fields: [{ name: 'persons', type: 'number' }] },
  { kind: 'Boiler', fields: [] },
];

let system: Installation;
let ann: User;
let workers: Workers;
let court: Court;
let elsewhere: string;

beforeAll(async () => {
  system = await openInstallation(UNLIMITED);
  ann = await system.register('Ann');
  ({ court, elsewhere, workers } = await openCourt(system, ann));
  for (const one of [court.id, elsewhere]) await system.admin.ok(`PUT /api/sites/${one}/asset-kinds`, { kinds: KINDS });
  await vi.waitFor(async () => expect((await workers.staff.call(`GET /api/sites/${court.id}`)).status).toBe(200), 20_000);
}, 240_000);
afterAll(() => system?.remove());

const register = async (asset: object, by: User = system.admin) =>
  (await by.ok('POST /api/assets', { site: court.id, kind: 'Lift', name: 'Lift', ...asset })).body as { id: string; position: string };
const namesOf = async (user: User, query = '', position?: string) => {
  const { items } = (await user.ok(`GET /api/assets?site=${court.id}${query}`, undefined, position ? { 'read-after': position } : {})).body;
  return items.map(({ name }: { name: string }) => name);
};

describe('an asset', () => {
  it('is registered, moved, put out of service and back, and retired, with its history', async () => {
    const { staff, maintenance } = workers;
    const { id } = await register({ name: 'History', serialNumber: 'H-1', place: court.house, fields: [{ name: 'persons', value: 8 }] }, staff);
    await staff.ok(`PATCH /api/assets/${id}`, { labels: ['inspected'] });
    await staff.ok(`PUT /api/assets/${id}/place`, { place: court.other });
    const begun = (await maintenance.ok(`POST /api/assets/${id}/downtime`, { reason: 'The doors do not close.' })).body;
    expect((await maintenance.call(`POST /api/assets/${id}/downtime`, { reason: 'Still.' })).status).toBe(409);
    await maintenance.ok(`DELETE /api/assets/${id}/downtime`);
    const { position } = (await staff.ok(`POST /api/assets/${id}/retire`)).body;
    const { body, headers } = await workers.security.ok(`GET /api/assets/${id}`, undefined, { 'read-after': position });
    expect(body).toMatchObject({
      ...{
        site: court.id,
        kind: 'Lift',
        name: 'History',
        serialNumber: 'H-1',
        code: null,
        place: court.other,
        labels: ['inspected'],
        state: 'retired',
      },
      fields: [{ name: 'persons', value: 8 }],
      downtimes: [{ id: begun.downtime, reason: 'The doors do not close.', by: maintenance.id, until: expect.any(String) }],
    });
    expect(headers.get('etag')).toBe(`"${body.revision}"`);
    for (const [what, sent] of [
      [`PATCH /api/assets/${id}`, { name: 'New' }],
      [`PUT /api/assets/${id}/place`, { place: court.house }],
      [`POST /api/assets/${id}/downtime`, { reason: 'Old.' }],
    ] as const)
      expect((await staff.call(what, sent)).status, what).toBe(409);
  });

  it('has a serial number and a code that no other of its site has, until it has another', async () => {
    const one = await register({ name: 'One', serialNumber: 'SN-1', code: 'C-1' });
    const take = (asset: object) => system.admin.call('POST /api/assets', { site: court.id, kind: 'Lift', name: 'Two', ...asset });
    for (const [asset, pointer, detail] of [
      [{ serialNumber: 'sn-1' }, '/serialNumber', 'This serial number is in use already.'],
      [{ serialNumber: 'SN-2', code: 'c-1' }, '/code', 'This code is in use already.'],
    ] as const) {
      const { status, body } = await take(asset);
      expect([status, body.errors?.[0].pointer, body.detail]).toEqual([409, pointer, detail]);
    }
    expect((await take({ site: elsewhere, serialNumber: 'SN-1', code: 'C-1' })).status).toBe(201);
    await system.admin.ok(`PATCH /api/assets/${one.id}`, { serialNumber: 'SN-3' });
    const two = await take({ serialNumber: 'SN-1', code: 'C-2' });
    expect(two.status).toBe(201);
    expect((await system.admin.call(`PATCH /api/assets/${one.id}`, { serialNumber: 'SN-1' })).status).toBe(409);
    await system.admin.ok(`POST /api/assets/${two.body.id}/retire`);
    expect((await take({ code: 'C-2' })).status).toBe(409);
  });

  it('is one of many that want a number at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, n) => system.admin.call('POST /api/assets', { site: court.id, kind: 'Lift', name: `Race ${n}`, code: 'RACE' })),
    );
    expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([201, 409]));
  });

  it.each([
    ['a kind that the site has not', { kind: 'Rocket' }, [422, '/kind']],
    ['a value of another type', { fields: [{ name: 'persons', value: 'eight' }] }, [422, '/fields/0/value']],
    [
      'a field twice',
      {
        fields: [
          { name: 'persons', value: 1 },
          { name: 'persons', value: 2 },
        ],
      },
      [422, '/fields'],
    ],
    ['a place of another site', { site: ':elsewhere', place: ':flat' }, [422, '/place']],
    ['a site that is not there', { site: ':flat' }, [422, '/site']],
    ['a name of nothing', { name: ' ' }, [422, '/name']],
  ])('is refused with %s', async (_, asset, expected) => {
    const names: Record<string, string> = { ...court, elsewhere };
    const sent = JSON.parse(JSON.stringify(asset).replace(/:(\w+)"/g, (whole, name) => (names[name] ? `${names[name]}"` : whole)));
    const { status, body } = await system.admin.call('POST /api/assets', { site: court.id, kind: 'Lift', name: 'Lift', ...sent });
    expect([status, body.errors?.[0]?.pointer]).toEqual(expected);
  });

  it('is heard of by who works at its site', async () => {
    const live = follow(system, workers.maintenance, `site:${court.id}:maintenance`);
    await live.joined();
    const { id } = await register({ name: 'Live' });
    const { position } = (await system.admin.ok(`POST /api/assets/${id}/downtime`, { reason: 'Broken.' })).body;
    await live.reached(position);
    expect(live.changes.map(({ type }) => type)).toEqual(['AssetRegistered', 'DowntimeBegan']);
    live.close();
  });

  it('has files, which who works at its site sees, and staff and maintenance add', async () => {
    const { id, position } = await register({ name: 'Pictured' });
    const attach = (user: User) =>
      upload({ url: system.url(), user }, { asset: id, file: { name: 'a.txt', bytes: Buffer.from('What the lift looks like.') } });
    await system.admin.ok(`GET /api/assets/${id}`, undefined, { 'read-after': position });
    const { status, body, text } = await attach(workers.maintenance);
    expect(status, text).toBeLessThan(300);
    expect((await attach(workers.security)).status).toBeGreaterThanOrEqual(403);
    await vi.waitFor(async () => {
      const { items } = (await workers.security.ok(`GET /api/media?asset=${id}`)).body;
      expect(items.map((file: { id: string }) => file.id)).toEqual([body.id]);
    }, 20_000);
    expect((await ann.ok(`GET /api/media?asset=${id}`)).body.items).toEqual([]);
  });
});

describe('the list of assets', () => {
  let position = '';
  beforeAll(async () => {
    await register({ name: 'List boiler', kind: 'Boiler', place: court.kitchen, labels: ['warm'] });
    await register({ name: 'List lift', place: court.house, serialNumber: 'LIST-77' });
    const away = await register({ name: 'List away', place: court.other });
    await register({ name: 'List nowhere' });
    await register({ name: 'List elsewhere', site: elsewhere });
    position = (await system.admin.ok(`POST /api/assets/${away.id}/retire`)).body.position;
  }, 60_000);

  it('has what is asked for: by place with all in it, kind, state, label and words, in pages', async () => {
    const { staff } = workers;
    const list = (query: string) => namesOf(staff, `&q=list${query}`, position);
    expect(await list('')).toEqual(['List away', 'List boiler', 'List lift', 'List nowhere']);
    expect(await list(`&place=${court.house}`)).toEqual(['List away', 'List boiler', 'List lift']);
    expect(await list(`&place=${court.flat}`)).toEqual(['List boiler']);
    expect(await list('&kind=Boiler')).toEqual(['List boiler']);
    expect(await list('&state=retired')).toEqual(['List away']);
    expect(await list('&label=warm')).toEqual(['List boiler']);
    expect(await namesOf(staff, '&q=list+77', position)).toEqual(['List lift']);
    const first = (await staff.ok(`GET /api/assets?site=${court.id}&q=list&limit=3`)).body;
    const rest = (await staff.ok(`GET /api/assets?site=${court.id}&q=list&limit=3&cursor=${first.next}`)).body;
    expect([first.items.length, rest.items.length, rest.next]).toEqual([3, 1, undefined]);
  });

  it('has nothing of a site where the caller does not work, and all sites for admins', async () => {
    const all = async (user: User) => (await user.ok('GET /api/assets?q=list', undefined, { 'read-after': position })).body.items;
    expect((await all(workers.security)).every(({ site }: { site: string }) => site === court.id)).toBe(true);
    expect(await all(system.admin)).toHaveLength(5);
    expect((await workers.security.ok(`GET /api/assets?site=${elsewhere}`)).body.items).toEqual([]);
    const stranger = await system.register('Stranger');
    expect((await stranger.ok('GET /api/assets')).body.items).toEqual([]);
  });

  it('has for a resident name and place of what is in the own unit or in what that lies in, and tells nothing else by its filters', async () => {
    const items = (await ann.ok('GET /api/assets', undefined, { 'read-after': position })).body.items as Record<string, unknown>[];
    const named = items.map(({ name }) => name);
    expect(named).toEqual(expect.arrayContaining(['List boiler', 'List lift']));
    for (const name of ['List away', 'List nowhere', 'List elsewhere']) expect(named).not.toContain(name);
    for (const item of items) expect(Object.keys(item).sort()).toEqual(['id', 'name', 'place', 'site']);
    for (const query of ['&q=77', '&kind=Lift', '&state=in-service', '&label=warm']) expect(await namesOf(ann, query)).toEqual([]);
    const of = (name: string) => items.find((item) => item.name === name)?.id;
    expect(Object.keys((await ann.ok(`GET /api/assets/${of('List boiler')}`)).body).sort()).toEqual(['id', 'name', 'place', 'site']);
    const { items: all } = (await system.admin.ok('GET /api/assets?q=list')).body;
    for (const { id, name } of all) expect((await ann.call(`GET /api/assets/${id}`)).status, name).toBe(of(name) ? 200 : 404);
    expect((await ann.call(`POST /api/assets/${of('List boiler')}/downtime`, { reason: 'Cold.' })).status).toBe(404);
  });
});

describe('the kinds of assets', () => {
  it('are set by staff and read by who works there', async () => {
    const kinds = [...KINDS, { kind: 'Door', fields: [{ name: 'lock', type: 'choice', choices: ['key', 'card'] }] }];
    const set = await workers.staff.ok(`PUT /api/sites/${court.id}/asset-kinds`, { kinds });
    const after = { 'read-after': set.body.position };
    expect((await workers.security.ok(`GET /api/sites/${court.id}/asset-kinds`, undefined, after)).body.kinds).toEqual(kinds);
    expect((await ann.call(`GET /api/sites/${court.id}/asset-kinds`)).status).toBe(403);
    expect((await workers.security.call(`PUT /api/sites/${court.id}/asset-kinds`, { kinds })).status).toBe(403);
  });

  it.each([
    ['a choice without choices', [{ kind: 'A', fields: [{ name: 'a', type: 'choice' }] }]],
    ['choices of what is none', [{ kind: 'A', fields: [{ name: 'a', type: 'text', choices: ['b'] }] }]],
    [
      'a field twice',
      [
        {
          kind: 'A',
          fields: [
            { name: 'a', type: 'text' },
            { name: 'a', type: 'date' },
          ],
        },
      ],
    ],
    [
      'a kind twice',
      [
        { kind: 'A', fields: [] },
        { kind: 'A', fields: [] },
      ],
    ],
  ])('are refused with %s', async (_, kinds) => {
    expect((await system.admin.call(`PUT /api/sites/${court.id}/asset-kinds`, { kinds })).status).toBe(422);
  });
});

describe('the label of an asset', () => {
  const pathOf = (link: string) => new URL(link).pathname;
  const linkTo = async (id: string, position: string) =>
    (await workers.security.ok(`GET /api/assets/${id}/link`, undefined, { 'read-after': position })).body.link;

  it('leads whoever scans it to name and place, and to nothing else, until it has another link or is retired', async () => {
    const { id, position } = await register({ name: 'Lift <A>', serialNumber: 'LABEL-1', place: court.house });
    const link: string = await linkTo(id, position);
    const [token = ''] = link.split('/').slice(-1);
    const found = await system.call(`GET /api/assets/by-link/${token}`);
    expect([found.status, found.body]).toEqual([200, { name: 'Lift <A>', place: 'House A' }]);
    expect([found.headers.get('cache-control'), found.headers.get('x-robots-tag')]).toEqual(['no-store', 'noindex']);
    const page = await system.call(`GET ${pathOf(link)}`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('Lift &#60;A&#62;');
    for (const hidden of ['LABEL-1', id, court.id]) expect(page.text).not.toContain(hidden);
    const renewed = await workers.staff.ok(`POST /api/assets/${id}/link`);
    const next: string = await linkTo(id, renewed.body.position);
    for (const [path, status] of [
      [link, 404],
      [next, 200],
    ] as const)
      expect((await system.call(`GET ${pathOf(path)}`)).status).toBe(status);
    await workers.staff.ok(`POST /api/assets/${id}/retire`);
    await vi.waitFor(async () => expect((await system.call(`GET ${pathOf(next)}`)).status).toBe(404), 20_000);
    expect((await workers.security.call(`GET /api/assets/${id}/qr`)).status).toBe(409);
  });

  it('is a picture of its link, for who works at its site', async () => {
    const { id, position } = await register({ name: 'Drawn' });
    const after = { 'read-after': position };
    const types = await Promise.all(
      ['', '?format=svg', '?format=png'].map(async (query) =>
        (await workers.security.ok(`GET /api/assets/${id}/qr${query}`, undefined, after)).headers.get('content-type'),
      ),
    );
    expect(types).toEqual(['image/svg+xml', 'image/svg+xml', 'image/png']);
    expect((await workers.security.call(`GET /api/assets/${id}/qr?format=gif`)).status).toBe(400);
    expect((await ann.call(`GET /api/assets/${id}/qr`)).status).toBe(404);
  });

  it('stands on a sheet with the others of its site, but for what is retired', async () => {
    const old = await register({ name: 'Sheet old', place: court.kitchen });
    await register({ name: 'Sheet new', code: 'SHEET-1', place: court.kitchen });
    const { position } = (await workers.staff.ok(`POST /api/assets/${old.id}/retire`)).body;
    const sheet = await workers.maintenance.ok(`GET /api/sites/${court.id}/labels?place=${court.flat}`, undefined, { 'read-after': position });
    expect(sheet.headers.get('content-type')).toContain('text/html');
    for (const text of ['Sheet new', 'SHEET-1', 'Kitchen', '<svg']) expect(sheet.text).toContain(text);
    expect(sheet.text).not.toContain('Sheet old');
    const first = await workers.maintenance.ok(`GET /api/sites/${court.id}/labels?limit=1`);
    expect(first.text.match(/<section>/g)).toHaveLength(1);
    expect(first.headers.get('link')).toContain(`/api/sites/${court.id}/labels?limit=1&cursor=`);
    expect((await ann.call(`GET /api/sites/${court.id}/labels`)).status).toBe(403);
  });

  it('whose link is guessed finds nothing, and no network guesses for long', async () => {
    const strict = await openInstallation({ CODE_TRY_LIMIT: '3' });
    try {
      const statuses: number[] = [];
      for (let n = 0; n < 5; n++) statuses.push((await strict.call(`GET /api/assets/by-link/${'A'.repeat(42)}${n}`)).status);
      expect(statuses).toEqual([404, 404, 404, 429, 429]);
    } finally {
      await strict.remove();
    }
  });
});

it('the reason of a downtime is given back to its author, and gone once they are erased', async () => {
  const cal = await system.register('Cal');
  await system.admin.ok(`PUT /api/users/${cal.id}/posts`, { posts: [{ role: 'maintenance', sites: [court.id] }] });
  const { id } = await register({ name: 'Told of' });
  await vi.waitFor(
    async () => expect((await cal.call(`POST /api/assets/${id}/downtime`, { reason: 'Cal heard it grind.' })).status).toBe(201),
    20_000,
  );
  await vi.waitFor(async () => {
    const { downtimes } = (await cal.ok(`GET /api/users/${cal.id}/export`)).body;
    expect(downtimes).toMatchObject([{ asset: id, reason: 'Cal heard it grind.', until: null }]);
  }, 20_000);
  expect((await system.admin.call(`DELETE /api/users/${cal.id}?erase=true`)).status).toBeLessThan(300);
  await vi.waitFor(async () => expect((await system.admin.ok(`GET /api/assets/${id}`)).body.downtimes[0].reason).toBe('[erased]'), 60_000);
});
