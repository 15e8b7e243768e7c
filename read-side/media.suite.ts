/** The suite of the queries for files, run on every implementation of the read models. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleEvent } from '../contracts/catalog.ts';
import { type MediaSubject, mediaView } from '../contracts/media.ts';
import type { ProblemError } from '../contracts/problem.ts';
import type { ReadModels } from '../platform/read-models/read-models.ts';
import { stableId } from '../platform/stable-id.ts';
import { openRig, type Rig } from '../system/projections.fixture.ts';
import { ADMIN, ALICE, type Ask, asking, BOB, RESIDENT } from './ask.fixture.ts';

const id = (name: string) => stableId('media-queries', name);
const HALL: MediaSubject = { kind: 'task', id: id('Hall') };
const ROOF: MediaSubject = { kind: 'task', id: id('Roof') };
const GONE: MediaSubject = { kind: 'task', id: id('Gone') };
const COMMENT: MediaSubject = { kind: 'comment', id: id('comment'), task: HALL.id };
const ORDER: MediaSubject = { kind: 'order', id: id('order') };
const FACE: MediaSubject = { kind: 'user', id: BOB.id };

/** What happens to a file after it was received. */
const READY = ['MediaRendered', 'MediaReady', 'MediaAttached'] as const;
/** Files in the order of their arrival: what each is for, who brought it, and what happened to it. */
const FILES: readonly [name: string, of: MediaSubject, maker: string, events: readonly string[]][] = [
  ['hall', HALL, ALICE.id, READY],
  ['pending', HALL, BOB.id, []],
  ['comment', COMMENT, BOB.id, READY],
  ['roof', ROOF, RESIDENT.id, READY],
  ['refused', ROOF, RESIDENT.id, ['MediaRefused']],
  ['detached', ROOF, ALICE.id, [...READY, 'MediaDetached']],
  ['deleted', ROOF, ALICE.id, [...READY, 'MediaDeleted']],
  ['of a deleted task', GONE, ALICE.id, READY],
  ['order', ORDER, ALICE.id, READY],
  ['face before', FACE, BOB.id, READY],
  ['face', FACE, BOB.id, READY],
];

/** Describes the queries. `open`: opens a new, empty store of read models, which the suite closes; undefined: an embedded one. */
export function describeMediaQueries(open?: () => Promise<ReadModels>): void {
  let rig: Rig;
  let models: ReadModels | undefined;
  let ask: Ask;

  beforeAll(async () => {
    rig = await openRig();
    models = await open?.();
    const projected = await rig.project(models ? { readModels: models } : {});
    ask = asking({ ...rig, ...projected });
    await fill();
    await projected.caughtUp();
  }, 120_000);
  afterAll(async () => {
    await rig?.close();
    await models?.close();
  });

  /** Appends events to a stream, with the data of their examples and what differs. */
  async function happened(stream: string, ...events: [type: string, data?: object][]): Promise<void> {
    // Each stream begins in a millisecond of its own: the order by time is tested.
    for (const before = Date.now(); Date.now() === before; );
    const recorded = events.map(([type, data], revision) => ({
      id: stableId(stream, String(revision)),
      type,
      data: { ...(exampleEvent(type).data as object), ...data },
      metadata: { ...exampleEvent(type).metadata, actor: ALICE.id },
    }));
    await rig.store.append(stream, -1, recorded);
  }

  async function fill(): Promise<void> {
    const made = (maker: string): [string, object] => ['TaskCreated', { maker }];
    await happened(`task-${HALL.id}`, made(ALICE.id), ['TaskCommented', { commentId: COMMENT.id }]);
    await happened(`task-${ROOF.id}`, made(ALICE.id), ['TaskAssigned', { userId: RESIDENT.id, previous: null }]);
    await happened(`task-${GONE.id}`, made(ALICE.id), ['TaskDeleted', {}]);
    await happened(`order-${ORDER.id}`, ['OrderPlaced', { maker: ALICE.id }]);
    await happened(`user-${BOB.id}`, ['UserCreated']);
    for (const [name, of, maker, events] of FILES) {
      const later = events.map((type): [string, object] => [type, type === 'MediaAttached' || type === 'MediaDetached' ? { of } : {}]);
      await happened(`media-${id(name)}`, ['MediaReceived', { of, maker, name }], ...later);
    }
  }

  const names = async (query: string, as = ALICE): Promise<string[]> =>
    (await ask(`/api/media?${query}`, { as })).body.items.map(({ name }: { name: string }) => name);

  /** The status with which a question is refused. */
  const refused = (path: string, as = ALICE): Promise<number> =>
    ask(path, { as }).then(
      ({ body }) => expect.fail(`answered ${JSON.stringify(body)}`),
      (error: ProblemError) => error.status,
    );

  describe('GET /api/media', () => {
    it('has the files of a task and of its comments, the newest first, as the contract says', async () => {
      const { body, position } = await ask(`/api/media?task=${HALL.id}`);
      expect(body.items.map(({ name }: { name: string }) => name)).toEqual(['comment', 'pending', 'hall']);
      for (const item of body.items) expect(mediaView.safeParse(item).error).toBeUndefined();
      expect(body.items[0]).toMatchObject({ of: COMMENT, maker: BOB.id, status: 'attached', sizes: [{ size: '320' }], refusal: null });
      expect(position).toBe(await rig.store.head());
    });
    it.each([
      ['a comment', `comment=${COMMENT.id}`, ['comment']],
      ['an order', `order=${ORDER.id}`, ['order']],
      ['a user', `user=${BOB.id}`, ['face', 'face before']],
      ['several tasks', `task=${ROOF.id},${HALL.id.toUpperCase()},${ROOF.id}`, ['roof', 'comment', 'pending', 'hall']],
      ['nothing that is there', `task=${COMMENT.id}`, []],
    ])('has the files of %s, but for those that are refused, on nothing or deleted', async (_, query, expected) => {
      expect(await names(query)).toEqual(expected);
    });
    it('leaves out what its reader may not see: files of tasks that do not concern them, of orders of others, of things that are deleted', async () => {
      const [tasks, order] = [`task=${HALL.id},${ROOF.id},${GONE.id}`, `order=${ORDER.id}`];
      expect(await names(tasks)).toEqual(['roof', 'comment', 'pending', 'hall']);
      expect(await names(tasks, RESIDENT)).toEqual(['roof']);
      expect(await names(`comment=${COMMENT.id}`, RESIDENT)).toEqual([]);
      expect([await names(order, BOB), await names(order, ADMIN)]).toEqual([[], ['order']]);
      expect(await names(`user=${BOB.id}`, RESIDENT)).toEqual(['face', 'face before']);
      expect(await names(tasks, ADMIN)).toContain('of a deleted task');
    });
    it('has what the caller uploaded and has room taken by, also on things that are deleted or not theirs to read, and nobody else’s', async () => {
      expect(await names('mine=1')).toEqual(['order', 'of a deleted task', 'detached', 'hall']);
      expect(await names('mine=1', RESIDENT)).toEqual(['roof']);
      expect(await names('mine=1', ADMIN)).toEqual([]);
      const { body } = await ask('/api/media?mine=1&limit=2');
      const after = await ask(`/api/media?mine=1&limit=2&cursor=${encodeURIComponent(body.next)}`);
      expect(after.body.items.map(({ name }: { name: string }) => name)).toEqual(['detached', 'hall']);
    });
    it('goes on, page by page, until all were shown once', async () => {
      const seen: string[] = [];
      let next: string | undefined = '';
      while (next !== undefined) {
        const { body } = await ask(`/api/media?task=${HALL.id}&limit=1${next && `&cursor=${encodeURIComponent(next)}`}`);
        expect(body.items.length).toBeLessThanOrEqual(1);
        seen.push(...body.items.map(({ name }: { name: string }) => name));
        next = body.next;
      }
      expect(seen).toEqual(['comment', 'pending', 'hall']);
    });
    it.each([
      ['nothing that it is about', ''],
      ['two kinds of thing', `task=${HALL.id}&order=${ORDER.id}`],
      ['a thing beside one’s own', `mine=1&task=${HALL.id}`],
      ['one’s own by another word', 'mine=true'],
      ['what is no id', 'task=7'],
      ['more than a hundred things', `task=${Array.from({ length: 101 }, (_, n) => id(String(n))).join(',')}`],
      ['a cursor of another list', `task=${HALL.id}&cursor=abc`],
    ])('is refused with %s', async (_, query) => {
      expect(await refused(`/api/media?${query}`)).toBe(400);
    });
  });

  describe('GET /api/media/:id', () => {
    const path = (name: string) => `/api/media/${id(name)}`;
    it('has a file, with an ETag of its revision', async () => {
      const { body, headers } = await ask(path('hall'));
      expect(mediaView.safeParse(body).error).toBeUndefined();
      expect([body.name, body.revision, headers.ETag]).toEqual(['hall', 3, '"3"']);
    });
    it('has what is refused, or on nothing, for its maker and admins alone, with the reason in words', async () => {
      const { body } = await ask(path('refused'), { as: RESIDENT });
      expect([body.status, body.refusal]).toEqual(['refused', { rule: 'damaged', detail: expect.stringContaining('save it again') }]);
      expect((await ask(path('detached'))).body.status).toBe('detached');
      expect((await ask(path('detached'), { as: ADMIN })).body.status).toBe('detached');
      for (const name of ['refused', 'detached']) expect(await refused(path(name), BOB)).toBe(404);
    });
    it.each(['deleted', 'never there'])('has none that is %s', async (name) => {
      expect(await refused(path(name), ADMIN)).toBe(404);
    });
    it('has none of a thing that its reader may not read, also where they made the file', async () => {
      expect(await refused(path('hall'), RESIDENT)).toBe(404);
      expect(await refused(path('order'), BOB)).toBe(404);
      expect(await refused(path('of a deleted task'))).toBe(404);
    });
  });
}
