import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { orderContract } from '../contracts/order.ts';
import { as, type Installation, openInstallation } from './identity/identity.fixture.ts';

/** Somebody who is logged in there, by their headers. */
async function registered(name: string, here: Installation): Promise<Record<string, string>> {
  const person = { name, email: `${name}@example.org`, password: 'staple of the month' };
  expect((await here.call('POST /api/users', person)).status).toBe(201);
  const { body } = await here.call('POST /api/login', { email: person.email, password: person.password });
  return as(body.accessToken);
}

describe('the commands of a user', () => {
  let here: Installation;
  let ann: Record<string, string>;
  let bob: Record<string, string>;

  const task = async (caller: Record<string, string>) => (await here.call('POST /api/tasks', { title: 'Lamp' }, caller)).body.id;

  beforeAll(async () => {
    here = await openInstallation({ limits: { commands: 12, 'stream-commands': 3, watching: 2 } });
    [ann, bob] = [await registered('ann', here), await registered('bob', here)];
  });
  afterAll(() => here?.close());

  it('on one thing are limited, and told how many are left; a repeat is none, another thing and another user have their own', async () => {
    const [mine, other] = [await task(ann), await task(ann)];
    const edit = (id: string, n: number, caller = ann) =>
      here.call(`PATCH /api/tasks/${id}`, { title: `Lamp ${n}` }, { ...caller, 'idempotency-key': `edit ${n}` });
    const first = await edit(mine, 1);
    expect([first.status, first.headers.get('ratelimit')]).toEqual([
      200,
      expect.stringMatching(/^"commands";r=\d+;t=\d+, "stream-commands";r=2;t=\d+$/),
    ]);
    expect(first.headers.get('ratelimit-policy')).toBe('"commands";q=12;w=60, "stream-commands";q=3;w=3600');
    expect((await edit(mine, 1)).body).toEqual(first.body);
    expect([(await edit(mine, 2)).status, (await edit(mine, 3)).status]).toEqual([200, 200]);
    const refused = await edit(mine, 4);
    expect([refused.status, refused.body.code, refused.headers.get('content-type')]).toEqual([429, 'limited', 'application/problem+json']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // The limits that let it through are told, too: it took from them.
    expect(refused.headers.get('ratelimit')).toMatch(/^"commands";r=\d+;t=\d+, "stream-commands";r=0;t=\d+$/);
    expect([(await edit(other, 4)).status, (await edit(mine, 4, bob)).status]).toEqual([200, 403]);
  });

  it('that watch things have a limit for all things together', async () => {
    const cat = await registered('cat', here);
    const watch = async (method: string) =>
      here.call(`${method} /api/tasks/${await task(cat)}/watchers/me`, undefined, { ...cat, 'idempotency-key': crypto.randomUUID() });
    const answers = [await watch('PUT'), await watch('DELETE'), await watch('PUT')];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[2]?.body.detail).toMatch(/^You have changed too often which tasks you watch\. Try again in \d+ /);
  });

  it('whatever they are on, are limited, too; what only reads is not', async () => {
    const changes = ['POST /api/tasks', 'DELETE /api/sessions', 'PUT /api/me/password', 'PATCH /api/users/me'];
    const answers = [];
    for (let n = 0; n < 16; n++) answers.push(await here.call(changes[n % 4] ?? '', {}, bob));
    expect(answers.slice(-4).map(({ status, body }) => [status, body.code])).toEqual(Array(4).fill([429, 'limited']));
    expect((await here.call('GET /api/me', undefined, bob)).status).toBe(200);
    expect((await here.call('POST /api/tasks', { title: 'Lamp' }, ann)).status).not.toBe(500);
  });
});

it('an order counts as a mail where it is mailed to another’s address, and not where it is one’s own', async () => {
  const here = await openInstallation({ limits: { mails: 2 } });
  try {
    const by = await registered('ann', here);
    const { example } = orderContract.commands.PlaceOrder;
    const order = async (email: string) => (await here.call('POST /api/orders', { ...(example as object), email }, by)).status;
    for (let n = 0; n < 3; n++) expect(await order('Ann@example.org')).toBe(201);
    expect([await order('bob@example.org'), await order('cat@example.org'), await order('dan@example.org')]).toEqual([201, 201, 429]);
    expect(await order('ann@example.org')).toBe(201);
  } finally {
    await here.close();
  }
});

it('an edit that sets a deadline, which is told by mail when it has passed, counts as a mail; any other edit does not, nor does a refused one', async () => {
  const here = await openInstallation({ limits: { mails: 3 } });
  try {
    const by = await registered('ann', here);
    const { id } = (await here.call('POST /api/tasks', { title: 'Lamp' }, by)).body;
    const edit = async (body: object) => (await here.call(`PATCH /api/tasks/${id}`, body, by)).status;
    for (const body of [{ title: 'Lamps' }, { deadline: null }, { description: 'Two.' }, { title: 'Lamp' }]) expect(await edit(body)).toBe(200);
    const due = (second: number) => ({ deadline: `2099-01-01T00:00:0${second}Z` });
    expect([await edit(due(1)), await edit(due(2)), await edit(due(3)), await edit({ deadline: null })]).toEqual([200, 200, 429, 200]);
  } finally {
    await here.close();
  }
});
