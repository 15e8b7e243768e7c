import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AccessWorld, ALICE, attached, CAROL, FILE, fileAfter, NOW, PICTURE, ready, rendered, startAccess, TASK } from './access.fixture.ts';
import { MAIL_SECONDS } from './may-fetch.ts';
import { expiryAfter, signedPath } from './signed-url.ts';

let world: AccessWorld;
beforeEach(async () => {
  world = await startAccess();
});
afterEach(() => world.close());

const statusOf = async (url: string, headers = {}) => (await world.get(url, headers)).status;
const pdf = (...more: Parameters<typeof fileAfter>[1][]) => fileAfter({ type: 'application/pdf', name: 'plan.pdf' }, ...more);
/** Has the file be another one, with bytes of its own. */
const become = (state: ReturnType<typeof fileAfter>) => {
  world.states.set(`media-${FILE}`, state);
  world.bytes.set(`media/${FILE}/original`, Buffer.from('as it came'));
};

describe('an address', () => {
  it('gives the bytes of the size that was asked for, to be kept until its end by its user alone', async () => {
    const { url, expiresAt } = await world.urlFor(ALICE, '?size=320');
    expect(expiresAt).toBe('2026-11-21T09:15:00.000Z');
    const response = await world.get(url);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('small');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/webp',
      'content-length': '5',
      'content-disposition': 'inline; filename=hall.webp',
      'cache-control': 'private, max-age=840',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'accept-ranges': 'bytes',
    });
  });
  it('is the same for the same user within five minutes, so that the browser’s cache knows it', async () => {
    const first = await world.urlFor(ALICE, '?size=320');
    world.clock.now += 3 * 60_000;
    expect(await world.urlFor(ALICE, '?size=320')).toEqual(first);
    world.clock.now += 5 * 60_000;
    expect((await world.urlFor(ALICE, '?size=320')).url).not.toBe(first.url);
  });
  it('ends at most a quarter of an hour later, and at least ten minutes later, whenever it is made', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), (now) => {
        const left = expiryAfter(now) - now / 1_000;
        expect(left >= 600 && left <= 900 && expiryAfter(now) % 300 === 0).toBe(true);
      }),
    ));
  it('is refused once it has ended, and where the clock was set back by more than its life', async () => {
    const { url } = await world.urlFor(ALICE);
    world.clock.now = NOW + 14 * 60_000 - 1;
    expect(await statusOf(url)).toBe(200);
    world.clock.now = NOW + 14 * 60_000;
    expect(await statusOf(url)).toBe(403);
    world.clock.now = NOW - 3_600_000;
    expect(await statusOf(url)).toBe(403);
  });
  it('is refused where anything in it was changed, or left out', async () => {
    const { url } = await world.urlFor(ALICE, '?size=320');
    const changed = (change: (url: URL) => void) => {
      const it = new URL(url, world.url);
      change(it);
      return `${it.pathname}${it.search}`;
    };
    const forged = [
      changed((it) => it.searchParams.set('user', CAROL.id)),
      changed((it) => it.searchParams.set('session', CAROL.sessionId)),
      changed((it) => it.searchParams.set('disposition', 'attachment')),
      changed((it) => it.searchParams.set('expires', String(Number(it.searchParams.get('expires')) + 300))),
      changed((it) => it.searchParams.set('signature', `${it.searchParams.get('signature')?.slice(0, -1)}_`)),
      changed((it) => it.searchParams.set('key', 'another')),
      ...['user', 'session', 'expires', 'key', 'signature', 'disposition'].map((name) => changed((it) => it.searchParams.delete(name))),
      url.replace('/320', '/full'),
      url.replace(FILE, FILE.replace('1', '2')),
    ];
    for (const one of forged) expect(await statusOf(one), one).toBe(403);
    expect(await statusOf(url)).toBe(200);
  });
  it('is refused in the same way where what was changed is nothing that could have been signed', async () => {
    const { url } = await world.urlFor(ALICE, '?size=320');
    const names = ['user', 'session', 'expires', 'key', 'signature', 'disposition'];
    const values = ['', 'abc+/=', 'a'.repeat(201), '\0', '‮', '-1', '1e9', '{"$gt":""}', '__proto__'];
    const told = async (address: URL) => {
      const response = await world.get(`${address.pathname}${address.search}`);
      return [response.status, ((await response.json()) as { detail: string }).detail];
    };
    for (const name of names) {
      for (const value of values) {
        const changed = new URL(url, world.url);
        changed.searchParams.set(name, value);
        expect(await told(changed), changed.href).toEqual([403, 'This address was not made here, or not for this file.']);
      }
      const twice = new URL(url, world.url);
      twice.searchParams.append(name, twice.searchParams.get(name) ?? '');
      expect((await told(twice))[0], twice.href).toBe(403);
      const alone = new URL(`/media/${FILE}/320`, world.url);
      alone.searchParams.set(name, 'abc+/=');
      expect((await told(alone))[0], alone.href).toBe(403);
    }
  });
  it('is good with what others put behind it', async () => {
    const { url } = await world.urlFor(ALICE, '?size=320');
    expect(await statusOf(`${url}&utm_source=mail&fbclid=1&fbclid=2`)).toBe(200);
  });
  const ends: [string, () => void][] = [
    ['its session ended', () => world.live.delete(ALICE)],
    ['its user lost the right', () => world.states.set(`task-${TASK}`, { exists: true, maker: CAROL.id, assignee: null })],
    ['the thing was deleted', () => world.states.set(`task-${TASK}`, { exists: true, deleted: true, maker: ALICE.id, assignee: null })],
    ['the file was deleted', () => world.states.set(`media-${FILE}`, { ...PICTURE, status: 'deleted' })],
    ['the file is on a thing of others', () => world.states.set(`media-${FILE}`, { ...PICTURE, of: { kind: 'order', id: TASK } })],
  ];
  it.each(ends)('invariant 22: is refused as soon as %s', async (_, happens) => {
    const { url } = await world.urlFor(ALICE);
    expect(await statusOf(url)).toBe(200);
    happens();
    expect(await statusOf(url)).toBe(403);
  });
  it('is given to nobody who may not read the file, as if there were none', async () => {
    expect((await world.urlFor(CAROL)).status).toBe(404);
    world.states.set(`task-${TASK}`, { exists: true, maker: ALICE.id, assignee: CAROL.id });
    expect((await world.urlFor(CAROL)).status).toBe(200);
  });
  it('of a key before the newest is good until it ends, and new ones are of the newest', async () => {
    const before = await world.urlFor(ALICE);
    await world.rotate();
    await world.rotate();
    const after = await world.urlFor(ALICE);
    expect(new URL(after.url, world.url).searchParams.get('key')).not.toBe(new URL(before.url, world.url).searchParams.get('key'));
    expect([await statusOf(before.url), await statusOf(after.url)]).toEqual([200, 200]);
  });
  it('in a mail is its recipient’s for a day, without a session, and looks at the right all the same', async () => {
    const grant = { id: FILE, size: '320', disposition: 'inline', user: CAROL.id, session: null, expires: NOW / 1_000 + MAIL_SECONDS } as const;
    const url = signedPath(grant, await world.context.urlKeys.newest());
    expect(await statusOf(url)).toBe(403);
    world.states.set(`task-${TASK}`, { exists: true, maker: ALICE.id, assignee: CAROL.id });
    world.live.clear();
    expect(await statusOf(url)).toBe(200);
    world.clock.now += MAIL_SECONDS * 1_000;
    expect(await statusOf(url)).toBe(403);
  });
});

describe('the addresses of several files', () => {
  const others = [2, 3, 4].map((n) => `11111111-0000-4000-8000-00000000000${n}`);
  it('are those that each would have alone, so that the browser’s cache knows them', async () => {
    world.states.set(`media-${others[0]}`, fileAfter({ access: 'public' }, rendered('320'), ready, attached));
    const { items } = await world.urlsFor(ALICE, `ids=${FILE},${others[0]?.toUpperCase()}&size=320`);
    const { url, expiresAt } = await world.urlFor(ALICE, '?size=320');
    expect(items).toEqual([
      { id: FILE, url, expiresAt },
      { id: others[0], url: `/media/${others[0]}/320`, expiresAt: null },
    ]);
    expect(await statusOf(items[0]?.url ?? '')).toBe(200);
  });
  it('leave out what the caller may not read, what is not there, and sizes that are not made yet', async () => {
    world.states.set(`media-${others[0]}`, fileAfter({}, rendered('320')));
    world.states.set(`media-${others[1]}`, fileAfter({}, rendered('full'), ready, attached, { type: 'MediaDeleted', data: { reason: 'asked' } }));
    const ids = `ids=${[FILE, ...others].join(',')}`;
    const idsFor = async (as: typeof ALICE, how: string) => (await world.urlsFor(as, ids + how)).items.map(({ id }) => id);
    expect(await idsFor(ALICE, '&size=320')).toEqual([FILE, others[0]]);
    expect(await idsFor(ALICE, '&size=full&disposition=attachment')).toEqual([FILE]);
    expect(await idsFor(CAROL, '&size=320')).toEqual([]);
  });
  it.each([
    '',
    'ids=',
    'ids=7',
    `ids=${FILE}&size=huge`,
    `ids=${Array.from({ length: 101 }, (_, n) => FILE.replace(/1$/, String(n % 10)).replace(/^1{3}/, String(100 + n)))}`,
  ])('are refused for %.60s', async (query) => {
    expect((await world.urlsFor(ALICE, query)).status).toBe(400);
  });
});

describe('what is served', () => {
  it('of a picture is never what was uploaded: the full size stands for it, and the next larger one for a size that was not made', async () => {
    world.bytes.set(`media/${FILE}/original`, Buffer.from('with a place in it'));
    for (const query of ['', '?size=original', '?size=full', '?size=1024', '?size=2048'])
      expect(await (await world.get((await world.urlFor(ALICE, query)).url)).text()).toBe('0123456789');
  });
  it('of a picture that is still being made is each size that is there', async () => {
    world.states.set(`media-${FILE}`, fileAfter({}, rendered('320')));
    expect((await world.urlFor(ALICE, '?size=320')).status).toBe(200);
    expect((await world.urlFor(ALICE)).status).toBe(404);
  });
  it.each([
    ['application/pdf', "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"],
    ['audio/mpeg', "sandbox allow-same-origin; default-src 'none'; media-src 'self'; frame-ancestors 'none'"],
    ['video/mp4', "sandbox allow-same-origin; default-src 'none'; media-src 'self'; frame-ancestors 'none'"],
    ['text/plain', "sandbox; default-src 'none'; frame-ancestors 'none'"],
  ])('as %s runs nothing, and loads nothing but itself', async (type, policy) => {
    become(fileAfter({ type, name: 'it' }, ready, attached));
    const response = await world.get((await world.urlFor(ALICE)).url);
    expect([response.status, response.headers.get('content-security-policy')]).toEqual([200, policy]);
  });
  it('of another file is what came, once it was found good', async () => {
    become(pdf());
    expect((await world.urlFor(ALICE)).status).toBe(404);
    become(pdf(ready, attached));
    const response = await world.get((await world.urlFor(ALICE)).url);
    expect(await response.text()).toBe('as it came');
    expect(response.headers.get('content-disposition')).toBe('inline; filename=plan.pdf');
    expect((await world.urlFor(ALICE, '?size=320')).status).toBe(404);
  });
  it.each(['text/html', 'text/plain', 'image/svg+xml', 'application/zip', 'application/vnd.ms-excel'])('of type %s is only saved', async (type) => {
    if (type.startsWith('image/')) become(fileAfter({ type }, rendered('full', type), ready, attached));
    else become(fileAfter({ type }, ready, attached));
    const response = await world.get((await world.urlFor(ALICE, '?disposition=inline')).url);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment/);
  });
  it('is saved under its name, whatever that is', async () => {
    become(fileAfter({ type: 'application/pdf', name: 'Plan "Süd" ‮fdp.exe; x=1.pdf' }, ready, attached));
    const response = await world.get((await world.urlFor(ALICE, '?disposition=attachment')).url);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename=".*"; filename\*=UTF-8''Plan%20%22S%C3%BCd/);
  });
  it('whose bytes are lost is 404, and a size that is none, too', async () => {
    const { url } = await world.urlFor(ALICE);
    world.bytes.clear();
    expect(await statusOf(url)).toBe(404);
    expect(await statusOf(url.replace('/original', '/640'))).toBe(404);
  });
  it('comes in one part where one is asked for, whole where several are', async () => {
    const { url } = await world.urlFor(ALICE);
    const part = async (range: string, more = {}) => {
      const response = await world.get(url, { Range: range, ...more });
      return [response.status, response.headers.get('content-range'), response.status === 416 ? '' : await response.text()];
    };
    expect(await part('bytes=2-4')).toEqual([206, 'bytes 2-4/10', '234']);
    expect(await part('bytes=7-')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await part('bytes=-3')).toEqual([206, 'bytes 7-9/10', '789']);
    expect(await part('bytes=8-100')).toEqual([206, 'bytes 8-9/10', '89']);
    for (const range of ['bytes=0-1,4-5', 'bytes=5-2', 'lines=1-2', 'bytes=a-b', 'bytes=-']) expect((await part(range))[0], range).toBe(200);
    for (const range of ['bytes=10-', 'bytes=-0']) expect((await part(range)).slice(0, 2), range).toEqual([416, 'bytes */10']);
    expect((await part('bytes=2-4', { 'If-Range': `"${FILE}-full"` }))[0]).toBe(206);
    expect((await part('bytes=2-4', { 'If-Range': '"another"' }))[0]).toBe(200);
  });
  it('is 304 for who has it, and without bytes for HEAD', async () => {
    const { url } = await world.urlFor(ALICE);
    const first = await world.get(url);
    const etag = first.headers.get('etag') ?? '';
    expect(await statusOf(url, { 'If-None-Match': etag })).toBe(304);
    const head = await world.get(url, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
  });
  it('is answered by the store itself where it can, for a minute, with our type and name', async () => {
    const asked: unknown[] = [];
    const directGet = async (...how: unknown[]) => {
      asked.push(...how);
      return 'https://store.example/x?signed';
    };
    world.context.files = { ...world.context.files, directGet };
    const response = await world.get((await world.urlFor(ALICE, '?size=320')).url);
    expect([response.status, response.headers.get('location'), response.headers.get('cache-control')]).toEqual([
      302,
      'https://store.example/x?signed',
      'no-store',
    ]);
    expect(asked).toEqual([`media/${FILE}/320`, { seconds: 60, type: 'image/webp', disposition: 'inline; filename=hall.webp' }]);
  });
});

describe('a public file', () => {
  const open = { type: 'MediaAccessChanged', data: { access: 'public' } } as const;
  it('has an address without an end or a signature, that everybody may keep for five minutes', async () => {
    world.states.set(`media-${FILE}`, fileAfter({}, rendered('full'), ready, attached, open));
    expect(await world.urlFor(CAROL)).toMatchObject({ url: `/media/${FILE}/original`, expiresAt: null });
    const response = await world.get(`/media/${FILE}/original`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
  });
  it('has an address for which its thing is looked at once', async () => {
    world.states.set(`media-${FILE}`, fileAfter({}, rendered('full'), ready, attached, open));
    const load = vi.spyOn(world.context.commands, 'load');
    await world.urlFor(CAROL);
    await world.urlsFor(CAROL, `ids=${FILE}`);
    expect(load.mock.calls.map(([stream]) => stream)).toEqual([`media-${FILE}`, `task-${TASK}`, `media-${FILE}`, `task-${TASK}`]);
  });
  it('is 404 where it is none, or no longer on anything', async () => {
    expect(await statusOf(`/media/${FILE}/full`)).toBe(404);
    world.states.set(`media-${FILE}`, fileAfter({}, rendered('full'), ready, { type: 'MediaDetached', data: attached.data as never }, open));
    expect(await statusOf(`/media/${FILE}/full`)).toBe(404);
    expect(await statusOf(`/media/${FILE.replace('1', '2')}/full`)).toBe(404);
  });
  it('is nobody’s any more once its thing is deleted, and everybody’s again where that is put back', async () => {
    world.states.set(`media-${FILE}`, fileAfter({}, rendered('full'), ready, attached, open));
    const task = world.states.get(`task-${TASK}`) as object;
    world.states.set(`task-${TASK}`, { ...task, deleted: true });
    expect(await statusOf(`/media/${FILE}/full`)).toBe(404);
    expect(await world.urlFor(CAROL)).toMatchObject({ status: 404 });
    expect((await world.urlsFor(CAROL, `ids=${FILE}`)).items).toEqual([]);
    world.states.set(`task-${TASK}`, task);
    expect(await statusOf(`/media/${FILE}/full`)).toBe(200);
  });
});

describe('an origin of their own', () => {
  it('is in the addresses of files, whose pictures other origins may show', async () => {
    world.close();
    world = await startAccess({ apart: true, origin: 'https://files.example.org' });
    const { url } = await world.urlFor(ALICE);
    expect(url).toMatch(/^https:\/\/files\.example\.org\/media\//);
    const { pathname, search } = new URL(url);
    expect((await world.get(`${pathname}${search}`)).headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  });
});

describe('where a scanner is set', () => {
  beforeEach(async () => {
    world.close();
    world = await startAccess({ scanning: true });
  });
  it('what was ready before is held back until it is found clean, as a file that waits for the scanner, for everybody and at every address', async () => {
    const scanned = { type: 'MediaScanned', data: {} } as const;
    const path = `/media/${FILE}/original`;
    become(pdf(ready, attached));
    expect((await world.urlFor(ALICE)).status).toBe(404);
    expect((await world.urlsFor(ALICE, `?ids=${FILE}`)).items).toEqual([]);
    become(pdf(ready, attached, { type: 'MediaAccessChanged', data: { access: 'public' } }));
    expect(await statusOf(path)).toBe(404);
    become(pdf(ready, attached, scanned));
    const { url } = await world.urlFor(ALICE);
    expect(await statusOf(url)).toBe(200);
    become(pdf(ready, attached));
    expect(await statusOf(url)).toBe(404);
  });
  it('no size is given out of a picture that was made before, and the first of one that is scanned', async () => {
    const size = rendered('320');
    for (const [made, status] of [
      [size, 404],
      [{ ...size, data: { ...size.data, scanned: true } } as typeof size, 200],
    ] as const) {
      world.states.set(`media-${FILE}`, fileAfter({}, made));
      expect((await world.urlFor(ALICE, '?size=320')).status).toBe(status);
    }
  });
});
