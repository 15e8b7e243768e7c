import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import type { ProblemError } from '../contracts/problem.ts';
import { taskDetailView, taskSummaryView } from '../contracts/task.ts';
import { stableId } from '../platform/stable-id.ts';
import { openRig, type Projected, type Rig } from '../system/projections.fixture.ts';
import { ADMIN, ALICE, type Ask, asking, BOB, RESIDENT } from './ask.fixture.ts';
import { encodeCursor } from './queries/page.ts';
import { historyItem } from './queries/task-history.ts';

let rig: Rig;
let projected: Projected;
let ask: Ask;
const NOW = '2027-01-30T12:00:00.000Z';

beforeAll(async () => {
  rig = await openRig();
  projected = await rig.project();
  ask = asking({ ...rig, ...projected, now: () => NOW });
  await fill();
  await projected.caughtUp();
});
afterAll(() => rig.close());

const task = (name: string) => stableId('task', name);
const revisions = new Map<string, number>();

/** Appends an event of the example's data and what differs; answers its position. */
async function happened(stream: string, type: string, data: object = {}, actor = ALICE.id): Promise<string> {
  // Each in a millisecond of its own: orders by time are tested.
  for (const before = Date.now(); Date.now() === before; );
  const revision = (revisions.get(stream) ?? -1) + 1;
  revisions.set(stream, revision);
  const { metadata } = exampleEvent(type);
  const event = { id: stableId(stream, String(revision)), type, data, metadata: { ...metadata, actor } };
  return (await rig.store.append(stream, revision - 1, [event])).position;
}

const created = (name: string, data: object) =>
  happened(`task-${task(name)}`, 'TaskCreated', { title: name, maker: ALICE.id, priority: 'normal', labels: [], ...data });
const assigned = (name: string, userId: string) => happened(`task-${task(name)}`, 'TaskAssigned', { userId, previous: null, atCreation: false });
const moved = (name: string, from: string, to: string) => happened(`task-${task(name)}`, 'TaskStatusChanged', { from, to });

async function fill(): Promise<void> {
  await created('Lamp', {
    description: 'It flickers in the hall',
    labels: ['electrics', 'hall'],
    deadline: '2027-01-29T00:00:00.000Z',
    priority: 'high',
  });
  await assigned('Lamp', BOB.id);
  await created('Door', { description: 'Squeaks', labels: ['hall'], deadline: '2027-01-30T18:00:00.000Z', priority: 'low' });
  await moved('Door', 'open', 'in-progress');
  await created('Écran', { labels: ['electrics'], deadline: '2027-02-03T00:00:00.000Z', maker: BOB.id });
  await assigned('Écran', RESIDENT.id);
  await created('Roof', { deadline: '2027-01-01T00:00:00.000Z', priority: 'urgent' });
  await moved('Roof', 'open', 'done');
  await created('gone', {});
  await happened(`task-${task('gone')}`, 'TaskDeleted');
  for (const [caller, name] of [
    [ALICE, 'Alice Moreau'],
    [BOB, 'Bob Lang'],
    [ADMIN, 'Ada Admin'],
    [RESIDENT, 'Rosa Lang-Moreau'],
  ] as const) {
    await happened(`user-${caller.id}`, 'UserCreated', { name, email: `${caller.role}.${caller.sessionId}@example.org`, role: caller.role });
  }
  await happened(`user-${ADMIN.id}`, 'PhoneConfirmed', { phone: '+4915112345678' });
  await happened(`user-${task('left')}`, 'UserCreated', { name: 'Left Long-Ago', email: 'left@example.org', role: 'member' });
  await happened(`user-${task('left')}`, 'UserDeleted');
  for (const [name, userId] of [
    ['first', BOB.id],
    ['second', BOB.id],
    ['third', ALICE.id],
  ] as const) {
    await happened(`notification-${task(name)}`, 'NotificationRequested', {
      ...(exampleEvent('NotificationRequested').data as object),
      recipient: { userId },
    });
  }
  await happened(`notification-${task('second')}`, 'NotificationProcessing', { attempt: 1, worker: 'mail-1', until: NOW });
}

const titles = async (query: string, as = ALICE) => (await ask(`/api/tasks${query}`, { as })).body.items.map((one: { title: string }) => one.title);

/** The problem a query is refused with: status, and what its errors point at. */
async function refused(path: string, options: Parameters<Ask>[1] = {}): Promise<unknown[]> {
  const problem = await ask(path, options).then(
    (answer) => expect.fail(`answered ${JSON.stringify(answer.body)}`),
    (error: ProblemError) => error,
  );
  return [problem.status, ...(problem.errors ?? []).map(({ pointer }) => pointer)];
}

describe('GET /api/tasks', () => {
  it('shows all but deleted tasks, newest first, as the contract says', async () => {
    const { body, position } = await ask('/api/tasks');
    expect(body.items.map(({ title }: { title: string }) => title)).toEqual(['Roof', 'Écran', 'Door', 'Lamp']);
    expect(body.next).toBeUndefined();
    expect(position).toBe(await rig.store.head());
    for (const item of body.items) expect(taskSummaryView.safeParse(item).error).toBeUndefined();
  });

  it.each([
    ['?assignee=none', ['Roof', 'Door']],
    [`?assignee=${BOB.id}`, ['Lamp']],
    ['?status=in-progress', ['Door']],
    ['?status=done,open', ['Roof', 'Écran', 'Lamp']],
    ['?label=electrics', ['Écran', 'Lamp']],
    ['?label=electrics,hall', ['Lamp']],
    ['?label=electrics&label=hall', ['Lamp']],
    ['?due=overdue', ['Lamp']],
    ['?due=today', ['Door']],
    ['?due=week', ['Écran', 'Door']],
    ['?due=before:2027-01-30T00:00:00%2B01:00', ['Roof', 'Lamp']],
    ['?q=LAM', ['Lamp']],
    ['?q=hall%20flick', ['Lamp']],
    ['?q=lamp%20door', []],
    ['?q=%C3%89cr', ['Écran']],
    ['?status=open&label=hall&assignee=none', []],
  ])('%s gives %j', async (query, expected) => {
    expect(await titles(query)).toEqual(expected);
  });

  it.each([
    ['createdAt', ['Lamp', 'Door', 'Écran', 'Roof']],
    ['-updatedAt', ['Roof', 'Écran', 'Door', 'Lamp']],
    ['deadline', ['Roof', 'Lamp', 'Door', 'Écran']],
    ['-priority', ['Roof', 'Lamp', 'Écran', 'Door']],
    ['title', ['Door', 'Écran', 'Lamp', 'Roof']],
  ])('is sorted by %s', async (sort, expected) => {
    expect(await titles(`?sort=${sort}`)).toEqual(expected);
  });

  it('shows “me” one’s own', async () => {
    expect(await titles('?assignee=me&status=open', BOB)).toEqual(['Lamp']);
    expect(await titles('?assignee=me', ALICE)).toEqual([]);
  });

  it('shows those who do not see all only what concerns them', async () => {
    expect(await titles('', RESIDENT)).toEqual(['Écran']);
    expect(await titles('', { ...BOB, seesAll: false })).toEqual(['Écran', 'Lamp']);
    expect(await titles('?assignee=none', { ...BOB, seesAll: false })).toEqual([]);
    expect(await titles(`?assignee=${RESIDENT.id}`, { ...ALICE, seesAll: false })).toEqual([]);
  });

  it('goes on page by page, in either direction of every order, and says so in Link', async () => {
    for (const sort of ['createdAt', '-createdAt', 'deadline', '-priority', 'title', '-title']) {
      const all = await titles(`?sort=${sort}`);
      const seen: string[] = [];
      for (let path: string | undefined = `/api/tasks?sort=${sort}&limit=1`; path; ) {
        const { body, headers } = await ask(path);
        seen.push(...body.items.map((one: { title: string }) => one.title));
        path = /^<(.*)>; rel="next"$/.exec(headers.Link ?? '')?.[1];
        expect(path === undefined).toBe(body.next === undefined);
      }
      expect(seen).toEqual(all);
    }
  });

  it('refuses a cursor that is none, or of another list or caller', async () => {
    const { next } = (await ask('/api/tasks?limit=1&label=hall')).body;
    expect(await refused('/api/tasks?cursor=xyz')).toEqual([400, '?cursor']);
    expect(await refused(`/api/tasks?limit=1&label=hall&sort=title&cursor=${next}`)).toEqual([400, '?cursor']);
    expect(await refused(`/api/tasks?limit=1&cursor=${next}`)).toEqual([400, '?cursor']);
    expect(await refused(`/api/tasks?limit=1&label=hall&cursor=${next}`, { as: BOB })).toEqual([400, '?cursor']);
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(next, 'base64url').toString()), values: [1] })).toString('base64url');
    expect(await refused(`/api/tasks?limit=1&label=hall&cursor=${forged}`)).toEqual([400, '?cursor']);
  });

  it.each([
    ['?limit=0', '?limit'],
    ['?limit=101', '?limit'],
    ['?limit=ten', '?limit'],
    ['?limit=1&limit=2', '?limit'],
    ['?status=finished', '?status'],
    ['?status=', '?status'],
    ['?assignee=bob', '?assignee'],
    ['?label=', '?label'],
    ['?due=tomorrow', '?due'],
    ['?due=before:tomorrow', '?due'],
    ['?sort=colour', '?sort'],
    ['?sort=--title', '?sort'],
    ['?q=!!', '?q'],
    ['?colour=red', '?colour'],
  ])('refuses %s with 400 and names %s', async (query, pointer) => {
    expect(await refused(`/api/tasks${query}`)).toEqual([400, pointer]);
  });
});

describe('GET /api/tasks/:id', () => {
  it('shows a task as the contract says, with its revision as ETag', async () => {
    const { body, headers } = await ask(`/api/tasks/${task('Lamp')}`);
    expect(taskDetailView.safeParse(body).error).toBeUndefined();
    expect(body).toMatchObject({ id: task('Lamp'), title: 'Lamp', assignee: BOB.id, revision: 1 });
    expect(headers.ETag).toBe('"1"');
  });

  it('says whether the caller watches it and how many do, whom a deleted user is not among', async () => {
    const shown = async (as = ALICE) => (await ask(`/api/tasks/${task('Stairs')}`, { as })).body;
    await created('Stairs', { maker: task('left') });
    await assigned('Stairs', BOB.id);
    await projected.caughtUp();
    expect(await shown()).toMatchObject({ watching: false, watchers: 1 });
    expect(await shown(BOB)).toMatchObject({ watching: true, watchers: 1 });
    await happened(`task-${task('Stairs')}`, 'TaskWatched', { userId: ALICE.id });
    await happened(`task-${task('Stairs')}`, 'TaskUnwatched', { userId: BOB.id }, BOB.id);
    await projected.caughtUp();
    expect(await shown()).toMatchObject({ watching: true, watchers: 1, revision: 3 });
    expect(await shown(BOB)).toMatchObject({ watching: false, watchers: 1 });
  });

  it('is 404 for one that is not there, is deleted, or concerns others', async () => {
    expect(await refused(`/api/tasks/${task('nothing')}`)).toEqual([404]);
    expect(await refused(`/api/tasks/${task('gone')}`)).toEqual([404]);
    expect(await refused(`/api/tasks/${task('Lamp')}`, { as: RESIDENT })).toEqual([404]);
    expect((await ask(`/api/tasks/${task('Écran')}`, { as: RESIDENT })).body.title).toBe('Écran');
  });

  it('shows it as it was at a position, or at a time', async () => {
    const { items } = (await ask(`/api/tasks/${task('Lamp')}/history`)).body;
    for (const moment of [items[0].position, items[0].time]) {
      const { body, headers } = await ask(`/api/tasks/${task('Lamp')}?asOf=${moment}`);
      expect(body).toMatchObject({ revision: 0, assignee: null });
      expect(headers.ETag).toBe('"0"');
    }
    expect(await refused(`/api/tasks/${task('Lamp')}?asOf=2020-01-01T00:00:00Z`)).toEqual([404]);
  });

  it('shows a task as it was before it was deleted, to those whom it concerns', async () => {
    const { items } = (await ask(`/api/tasks/${task('gone')}/history`)).body;
    expect((await ask(`/api/tasks/${task('gone')}?asOf=${items[0].position}`)).body).toMatchObject({ title: 'gone', revision: 0 });
    expect(await refused(`/api/tasks/${task('gone')}?asOf=${items[0].position}`, { as: RESIDENT })).toEqual([404]);
    expect(await refused(`/api/tasks/${task('gone')}?asOf=${items[1].position}`)).toEqual([404]);
  });

  it.each(['tomorrow', '12', '9999999999999999', '2027-01-31'])('refuses asOf=%s', async (asOf) => {
    expect(await refused(`/api/tasks/${task('Lamp')}?asOf=${asOf}`)).toEqual([400, '?asOf']);
  });
});

describe('GET /api/tasks/:id/history', () => {
  it('shows what happened, oldest first, also of a deleted task', async () => {
    const { body } = await ask(`/api/tasks/${task('gone')}/history`);
    expect(body.items.map(({ type }: { type: string }) => type)).toEqual(['TaskCreated', 'TaskDeleted']);
    expect(body.items[1]).toMatchObject({ actor: ALICE.id, revision: 1, data: {} });
    for (const item of body.items) expect(historyItem.safeParse(item).error).toBeUndefined();
  });

  it('goes on page by page', async () => {
    const first = await ask(`/api/tasks/${task('Lamp')}/history?limit=1`);
    const second = await ask(`/api/tasks/${task('Lamp')}/history?limit=1&cursor=${first.body.next}`);
    expect([...first.body.items, ...second.body.items].map(({ revision }: { revision: number }) => revision)).toEqual([0, 1]);
    expect(second.body.next).toBeUndefined();
    expect(await refused(`/api/tasks/${task('Door')}/history?cursor=${first.body.next}`)).toEqual([400, '?cursor']);
  });

  it.each([-1, 0.5, 1e300])('refuses a cursor that somebody made up, at revision %d', async (value) => {
    const id = task('Lamp');
    const cursor = encodeCursor({ of: `history-${id}`, values: [value], id });
    expect(await refused(`/api/tasks/${id}/history?cursor=${cursor}`)).toEqual([400, '?cursor']);
  });

  it('is 404 where there is no such task for the caller', async () => {
    expect(await refused(`/api/tasks/${task('nothing')}/history`)).toEqual([404]);
    expect(await refused(`/api/tasks/${task('Lamp')}/history`, { as: RESIDENT })).toEqual([404]);
  });
});

describe('GET /api/users', () => {
  const names = async (query = '', as = ALICE) => (await ask(`/api/users${query}`, { as })).body.items.map(({ name }: { name: string }) => name);

  it('is sorted by name, without those who left', async () => {
    expect(await names()).toEqual(['Ada Admin', 'Alice Moreau', 'Bob Lang', 'Rosa Lang-Moreau']);
  });
  it('is filtered by the beginnings of names, and by role', async () => {
    expect(await names('?q=lang')).toEqual(['Bob Lang', 'Rosa Lang-Moreau']);
    expect(await names('?q=mor%20al')).toEqual(['Alice Moreau']);
    expect(await names('?role=admin,resident')).toEqual(['Ada Admin', 'Rosa Lang-Moreau']);
  });
  it('shows e-mail and confirmation to admins, and to users of themselves', async () => {
    const shown = async (as = ALICE) => (await ask('/api/users', { as })).body.items.filter((one: object) => 'email' in one && 'confirmed' in one);
    expect(await shown(ADMIN)).toHaveLength(4);
    expect(await shown()).toMatchObject([{ id: ALICE.id, email: 'member.a@example.org', confirmed: false }]);
  });
  it('shows a phone number that is confirmed to the same, masked', async () => {
    const shown = async (as: typeof ALICE) => (await ask(`/api/users/${ADMIN.id}`, { as })).body.phone;
    expect([await shown(ADMIN), await shown(ALICE), await shown(RESIDENT)]).toEqual(['+49…78', undefined, undefined]);
    expect((await ask(`/api/users/${BOB.id}`, { as: ADMIN })).body).not.toHaveProperty('phone');
  });
  it('is not for residents, who may still see who somebody is', async () => {
    expect(await refused('/api/users', { as: RESIDENT })).toEqual([403]);
    const { body, headers } = await ask(`/api/users/${BOB.id}`, { as: RESIDENT });
    expect(body).toEqual({ id: BOB.id, name: 'Bob Lang', role: 'member', createdAt: body.createdAt, revision: 0 });
    expect(headers.ETag).toBe('"0"');
  });
  it('goes on page by page', async () => {
    const first = await ask('/api/users?limit=3');
    const second = await ask(`/api/users?limit=3&cursor=${first.body.next}`);
    expect(second.body.items.map(({ name }: { name: string }) => name)).toEqual(['Rosa Lang-Moreau']);
    expect(second.body.next).toBeUndefined();
  });
  it('is 404 for somebody who is not there, or left', async () => {
    expect(await refused(`/api/users/${task('nobody')}`)).toEqual([404]);
    expect(await refused(`/api/users/${task('left')}`)).toEqual([404]);
  });
  it('tells of somebody who left that they were here, and nothing else', async () => {
    const typeOf = (id: string) => ask(`/api/users/${id}`).then(null, (error: ProblemError) => [error.type, error.message]);
    expect(await typeOf(task('left'))).toEqual(['/problems/former-user', 'This user was deleted.']);
    expect(await typeOf(task('nobody'))).toEqual(['/problems/not_found', 'There is no such user.']);
  });
});

describe('GET /api/notifications', () => {
  const ids = async (query: string, as: typeof ALICE) =>
    (await ask(`/api/notifications${query}`, { as })).body.items.map(({ id }: { id: string }) => id);

  it('shows one’s own, newest first', async () => {
    expect(await ids('', BOB)).toEqual([task('second'), task('first')]);
    expect(await ids(`?userId=${BOB.id}&status=processing`, BOB)).toEqual([task('second')]);
  });
  it('shows admins those of anybody, or all', async () => {
    expect(await ids('', ADMIN)).toEqual([]);
    expect(await ids(`?userId=${ALICE.id}`, ADMIN)).toEqual([task('third')]);
    expect((await ids('?all', ADMIN)).toSorted()).toEqual([task('first'), task('second'), task('third')].toSorted());
  });
  it('refuses others those of others', async () => {
    expect(await refused('/api/notifications?all', { as: BOB })).toEqual([403]);
    expect(await refused(`/api/notifications?userId=${ALICE.id}`, { as: BOB })).toEqual([403]);
    expect(await refused(`/api/notifications?all&userId=${ALICE.id}`, { as: ADMIN })).toEqual([400, '?all']);
    expect(await refused(`/api/notifications/${task('third')}`, { as: BOB })).toEqual([404]);
    expect((await ask(`/api/notifications/${task('third')}`, { as: ADMIN })).body).toMatchObject({ id: task('third'), status: 'pending' });
  });

  it('is filtered by status, unknown among them, together with other filters; and goes on page by page within them', async () => {
    const all = await fillCarolsNotifications();
    const matching = (...statuses: string[]) =>
      all
        .filter(({ status }) => statuses.includes(status))
        .map(({ id }) => id)
        .toReversed();
    expect(await pages(`userId=${CAROL}&status=unknown`, 2)).toEqual(matching('unknown'));
    expect(await pages(`userId=${CAROL}&status=failed`, 1)).toEqual(matching('failed'));
    expect(await pages(`userId=${CAROL}&status=unknown,failed`, 2)).toEqual(matching('unknown', 'failed'));
    expect(await pages(`userId=${CAROL}&status=unknown&type=email&kind=overdue&dead`, 2)).toEqual(matching('unknown'));
    expect(await pages(`userId=${CAROL}&status=unknown,sent&dead=false`, 2)).toEqual(matching('sent'));
    expect(await ids(`?userId=${CAROL}&status=unknown&type=sms`, ADMIN)).toEqual([]);
    expect(await pages('all&status=unknown', 2)).toEqual(matching('unknown'));
  });

  it('refuses the cursor of other filters, and a status that is none', async () => {
    const { next } = (await ask(`/api/notifications?userId=${CAROL}&status=unknown&limit=1`, { as: ADMIN })).body;
    expect(await ids(`?userId=${CAROL}&status=unknown&limit=1&cursor=${next}`, ADMIN)).toHaveLength(1);
    for (const other of ['status=failed', 'status=unknown,failed', 'status=unknown&dead', 'status=unknown&type=email', 'status=unknown&kind=overdue'])
      expect(await refused(`/api/notifications?userId=${CAROL}&${other}&limit=1&cursor=${next}`, { as: ADMIN })).toEqual([400, '?cursor']);
    expect(await refused(`/api/notifications?all&status=unknown&limit=1&cursor=${next}`, { as: ADMIN })).toEqual([400, '?cursor']);
    expect(await refused('/api/notifications?status=lost', { as: ADMIN })).toEqual([400, '?status']);
  });

  const CAROL = stableId('carol');
  /** What became of each, the oldest first; their events end so. */
  const ENDS = { unknown: 'NotificationHeld', failed: 'NotificationFailed', sent: 'NotificationSent' } as const;
  const STATUSES = ['unknown', 'failed', 'sent', 'unknown', 'unknown', 'sent', 'failed', 'unknown', 'unknown'] as const;

  /** Overdue mails to one user, of every end. */
  async function fillCarolsNotifications(): Promise<{ id: string; status: string }[]> {
    const requested = { channel: 'email', kind: 'overdue', recipient: { userId: CAROL }, about: { stream: `task-${task('Lamp')}`, revision: 0 } };
    const all = STATUSES.map((status, n) => ({ id: task(`carols ${n}`), status }));
    for (const { id, status } of all) {
      const stream = `notification-${id}`;
      await happened(stream, 'NotificationRequested', requested);
      await happened(stream, 'NotificationProcessing', { attempt: 1, worker: 'mail-1', until: NOW });
      if (status === 'unknown') await happened(stream, 'NotificationAttemptUnknown', { attempt: 1, worker: 'mail-1' });
      await happened(stream, ENDS[status], { attempt: 1, ...(status === 'failed' ? { error: '550 no such mailbox' } : {}) });
    }
    await projected.caughtUp();
    return all;
  }

  /** The ids on all pages of this size, each full but the last. */
  async function pages(query: string, limit: number): Promise<string[]> {
    const found: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { body } = await ask(`/api/notifications?${query}&limit=${limit}${cursor && `&cursor=${cursor}`}`, { as: ADMIN });
      found.push(...body.items.map(({ id }: { id: string }) => id));
      expect(body.items.length).toBe(body.next === undefined ? found.length % limit || limit : limit);
      cursor = body.next;
    }
    return found;
  }
});
