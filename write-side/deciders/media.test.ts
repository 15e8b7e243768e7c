import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import {
  MEDIA_KINDS,
  type MediaEvent,
  type MediaSubject,
  mayReadFile,
  mayWithFilesOf,
  mediaContract,
  streamOfSubject,
} from '../../contracts/media.ts';
import { ROLES, type Role } from '../../contracts/role.ts';
import { ADMIN, ALICE, BOB, command, given, NOW } from '../spec.fixture.ts';
import { type MediaCommand, type MediaState, media } from './media.ts';

const WORKER: Actor = { id: 'worker:b', role: 'system', seesAll: true };
const CAROL: Actor = { id: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e03', role: 'resident', seesAll: false };
const LATER = '2026-11-21T09:01:00.000Z';
const AFTERWARDS = '2026-11-21T09:01:00.001Z';
const { maker: _, ...upload } = mediaContract.events.MediaReceived.example;
const OF: MediaSubject = upload.of;
const ON_ORDER: MediaSubject = { kind: 'order', id: '9a9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e09' };

const received = { type: 'MediaReceived', data: { ...upload, maker: ALICE.id } } as MediaEvent;
const processing = (attempt: number, worker = 'a', until = LATER): MediaEvent => ({
  type: 'MediaProcessing',
  data: { attempt, worker, until, lease: 60_000 },
});
const rendered = (size: '320' | 'full'): MediaEvent => ({
  type: 'MediaRendered',
  data: { attempt: 1, size, type: 'image/webp', width: 3, height: 2, bytes: 9 },
});
const deferred: MediaEvent = {
  type: 'MediaDeferred',
  data: { attempt: 1, error: 'the scanner does not answer', nextAttemptAt: LATER, wait: 60_000 },
};
const refusedEvent: MediaEvent = { type: 'MediaRefused', data: { attempt: 1, rule: 'damaged', detail: 'Save it again.' } };
const ready: MediaEvent = { type: 'MediaReady', data: { attempt: 1, scanned: false } };
const attached = (of = OF): MediaEvent => ({ type: 'MediaAttached', data: { of } });
const detached = (of = OF): MediaEvent => ({ type: 'MediaDetached', data: { of } });
const deleted = (reason: 'asked' | 'orphan'): MediaEvent => ({ type: 'MediaDeleted', data: { reason } });
const onTask = [received, processing(1), ready, attached()];

const task = (maker: Actor, assignee: Actor | null = null, more = {}) => ({
  exists: true,
  deleted: false,
  maker: maker.id,
  assignee: assignee?.id ?? null,
  ...more,
});
const ask = (type: MediaCommand['type'], data: unknown = null, actor: Actor = ALICE) => command<MediaCommand>(type, data, { actor });
const tell = (type: MediaCommand['type'], data: object | null, now = NOW) => command<MediaCommand>(type, data, { now, actor: WORKER });
const user = ({ role }: Actor) => ({ exists: true, deleted: false, role });
const finish = (seeing: readonly Role[] = ROLES) => tell('FinishMedia', { ...ready.data, seeing });
const lease = (worker = 'b', now = NOW) => tell('LeaseMedia', { worker, until: AFTERWARDS, lease: 60_000, attempts: 3 }, now);

describe('receiving', () => {
  const receive = (actor: Actor, data: object = upload) => ask('ReceiveMedia', data, actor);
  it('records the file and who uploaded it', () =>
    given(media)
      .when(receive(ALICE), { thing: task(ALICE) })
      .then(received));
  it('for a thing that is not there, is deleted, or is not for the caller to read is refused, all in the same words', () => {
    for (const thing of [undefined, { exists: false }, task(ALICE, null, { deleted: true }), task(BOB)])
      given(media).when(receive(CAROL), { thing }).refuses('invalid', '/task');
  });
  it('of somebody who was deleted while it was sent is refused', () =>
    given(media)
      .when(receive(ALICE), { thing: task(ALICE), uploader: { exists: true, deleted: true } })
      .refuses('forbidden'));
  it('for the profile of another is refused, though everybody may see it', () => {
    const data = { ...upload, of: { kind: 'user', id: BOB.id } };
    given(media)
      .when(receive(ALICE, data), { thing: { exists: true } })
      .refuses('forbidden');
    given(media)
      .when(receive(BOB, data), { thing: { exists: true } })
      .then({ type: 'MediaReceived', data: { ...data, maker: BOB.id } } as MediaEvent);
  });
  it('the same file twice is refused', () =>
    given(media, received)
      .when(receive(ALICE), { thing: task(ALICE) })
      .refuses('conflict'));
});

describe('who may do what', () => {
  const OF_SITES: readonly MediaSubject['kind'][] = ['asset', 'repair'];
  /** Those with whom a role is one at all sites. */
  const atSites = (role: Actor['role']) => ({
    read: ['admin', 'staff', 'security', 'maintenance', 'customer-service'].includes(role),
    attach: ['admin', 'staff', 'maintenance'].includes(role),
    takeAway: ['admin', 'staff'].includes(role),
  });
  /** The rights that the rules give, told apart from them: by who somebody is to the thing. */
  const expected = (kind: MediaSubject['kind'], actor: Actor, is: 'its own' | 'the assignee' | 'nobody to it') => {
    const concerned = is === 'its own' || (is === 'the assignee' && (kind === 'task' || kind === 'comment'));
    if (OF_SITES.includes(kind)) return atSites(actor.role);
    const takeAway = concerned || actor.role === 'admin';
    if (kind === 'user') return { read: true, attach: takeAway, takeAway };
    const all = kind === 'order' ? actor.role === 'admin' : actor.seesAll;
    const attach = kind === 'comment' ? is === 'its own' || actor.role === 'admin' : all || concerned;
    return { read: all || concerned, attach, takeAway };
  };
  const actors = ROLES.flatMap((role) => [true, false].map((seesAll): Actor => ({ id: CAROL.id, role, seesAll: seesAll || role === 'admin' })));
  it.each(MEDIA_KINDS)('with the files of a thing of kind %s follows from role and relation', (kind) => {
    const relations = ['its own', 'the assignee', 'nobody to it'] as const;
    for (const [actor, is] of actors.flatMap((one) => relations.map((relation) => [one, relation] as const))) {
      const maker = is === 'its own' ? CAROL : ALICE;
      const thing = task(maker, is === 'the assignee' ? CAROL : null, { commented: { [OF.id]: maker.id } });
      const of = { kind, id: kind === 'user' && is === 'its own' ? CAROL.id : OF.id };
      expect(mayWithFilesOf(actor, of, thing), `${actor.role}, seesAll ${actor.seesAll}: ${is}`).toEqual(expected(kind, actor, is));
    }
  });
  it('with the files of anything but a comment is decided by that thing alone, whatever task is named beside it', () => {
    for (const kind of MEDIA_KINDS) {
      const of = { kind, id: ALICE.id, task: CAROL.id };
      expect(streamOfSubject(of).slice(-36)).toBe(kind === 'comment' ? CAROL.id : ALICE.id);
      expect(mediaContract.commands.AttachMedia.body.safeParse({ of }).success).toBe(kind === 'comment');
      expect(mediaContract.commands.AttachMedia.body.safeParse({ of: { kind, id: ALICE.id } }).success).toBe(kind !== 'comment');
    }
    expect(mayWithFilesOf(CAROL, { kind: 'user', id: ALICE.id, task: CAROL.id }, { exists: true })).toMatchObject({ attach: false, takeAway: false });
  });
  it('is nothing where the thing is not there, for every kind', () => {
    for (const kind of MEDIA_KINDS)
      for (const thing of [undefined, { exists: false }, { ...task(ALICE), deleted: true }])
        expect(mayWithFilesOf(ADMIN, { kind, id: OF.id }, thing)).toEqual({ read: false, attach: false, takeAway: false });
  });
  it('with a file that is on nothing is its maker’s and admins’ alone, whoever may read what it was on', () => {
    for (const status of ['detached', 'refused'] as const) {
      const file = { status, maker: CAROL.id, of: OF };
      expect([CAROL, ALICE, ADMIN].map((actor) => mayReadFile(actor, file, task(BOB)))).toEqual([true, false, true]);
    }
  });
  it('with a file on a thing that its maker may no longer read is nothing but to delete it, also for its maker', () => {
    expect(mayReadFile(CAROL, { status: 'attached', maker: CAROL.id, of: OF }, task(ALICE))).toBe(false);
    given(media, ...onTask)
      .when(ask('DeleteMedia', null, CAROL), { before: task(ALICE) })
      .refuses('not_found');
    const alone = { ...ALICE, seesAll: false };
    for (const before of [task(BOB), task(ALICE, null, { deleted: true }), { exists: false }]) {
      for (const type of ['DetachMedia', 'ChangeMediaAccess'] as const)
        given(media, ...onTask)
          .when(ask(type, { access: 'public' }, alone), { before })
          .refuses('not_found');
      given(media, ...onTask)
        .when(ask('DeleteMedia', null, alone), { before })
        .then(deleted('asked'));
    }
  });
});

describe('deleting', () => {
  it('is for who uploaded it, for admins, and for who may change the thing: not for whoever may read it and add files', () => {
    const ofCarol = { before: task(CAROL) };
    for (const [actor, facts] of [
      [ALICE, ofCarol],
      [ADMIN, ofCarol],
      [BOB, { before: task(BOB) }],
      [BOB, { before: task(CAROL, BOB) }],
    ] as const)
      given(media, ...onTask)
        .when(ask('DeleteMedia', null, actor), facts)
        .then(deleted('asked'));
    expect(mayWithFilesOf(BOB, OF, task(CAROL))).toMatchObject({ read: true, attach: true });
    for (const type of ['DeleteMedia', 'DetachMedia'] as const)
      given(media, ...onTask)
        .when(ask(type, null, BOB), ofCarol)
        .refuses('forbidden');
    const avatar = [{ type: 'MediaReceived', data: { ...upload, maker: BOB.id, of: { kind: 'user', id: BOB.id } } } as MediaEvent, ready];
    given(media, ...avatar)
      .when(ask('DeleteMedia', null, ALICE), { before: { exists: true } })
      .refuses('forbidden');
  });
  it('is final: whatever is asked afterwards is not found', () => {
    const commands = [
      ask('DeleteMedia'),
      ask('DetachMedia'),
      ask('ChangeMediaAccess', { access: 'public' }),
      ask('AttachMedia', { of: OF }),
      lease(),
    ];
    for (const one of commands)
      given(media, ...onTask, deleted('asked'))
        .when(one, { before: task(ALICE), thing: task(ALICE) })
        .refuses('not_found');
  });
  it('by a sweep is for what is on nothing that is there', () => {
    given(media, ...onTask, detached())
      .when(tell('SweepMedia', null))
      .then(deleted('orphan'));
    given(media, received, refusedEvent).when(tell('SweepMedia', null)).then(deleted('orphan'));
    for (const before of [undefined, task(ALICE, null, { deleted: true })])
      given(media, ...onTask)
        .when(tell('SweepMedia', null), { before })
        .then(deleted('orphan'));
    for (const events of [[received], onTask])
      given(media, ...events)
        .when(tell('SweepMedia', null), { before: task(ALICE) })
        .refuses('conflict');
  });
});

describe('attaching', () => {
  it('moves a file: off what it was on, onto the other thing', () =>
    given(media, ...onTask)
      .when(ask('AttachMedia', { of: ON_ORDER }), { before: task(ALICE), thing: { exists: true, maker: ALICE.id } })
      .then(detached(), attached(ON_ORDER)));
  it('where it is already changes nothing, and brings a detached one back', () => {
    const facts = { before: task(ALICE), thing: task(ALICE) };
    given(media, ...onTask)
      .when(ask('AttachMedia', { of: OF }), facts)
      .then();
    given(media, ...onTask, detached())
      .when(ask('AttachMedia', { of: OF }), facts)
      .then(attached());
  });
  it('needs the right on the file and on the thing', () => {
    given(media, ...onTask)
      .when(ask('AttachMedia', { of: ON_ORDER }), { before: task(ALICE), thing: { exists: true, maker: BOB.id } })
      .refuses('invalid', '/of/id');
    given(media, ...onTask)
      .when(ask('AttachMedia', { of: ON_ORDER }, CAROL), { before: task(ALICE), thing: { exists: true, maker: CAROL.id } })
      .refuses('not_found');
  });
  it('on a comment is for who wrote it, and for admins; taking away also for who may change the task', () => {
    const COMMENT = '5d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e05';
    const of = { kind: 'comment', id: COMMENT, task: OF.id } as const;
    const thing = task(ALICE, BOB, { commented: { [COMMENT]: CAROL.id } });
    const rights = (actor: Actor, on: typeof thing = thing) => {
      const { attach, takeAway } = mayWithFilesOf(actor, of, on);
      return [attach, takeAway];
    };
    expect(rights({ ...CAROL, seesAll: true })).toEqual([true, true]);
    expect(rights({ ...CAROL, seesAll: false })).toEqual([false, false]);
    expect([ALICE, BOB].map((actor) => rights(actor))).toEqual([
      [false, true],
      [false, true],
    ]);
    expect(rights(ADMIN)).toEqual([true, true]);
    given(media)
      .when(ask('ReceiveMedia', { ...upload, of }, BOB), { thing })
      .refuses('forbidden');
  });
  it('on a comment needs one of the task that is named beside it, also where both tasks are the caller’s; so does an upload for one', () => {
    const COMMENT = '5d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e05';
    const of = { kind: 'comment', id: COMMENT, task: CAROL.id } as const;
    for (const [commented, isThere] of [
      [{}, false],
      [{ [OF.id]: ALICE.id }, false],
      [{ [OF.id]: BOB.id, [COMMENT]: ALICE.id }, true],
    ] as const) {
      const facts = { before: task(ALICE), thing: task(ALICE, null, { commented }) };
      const attaching = given(media, ...onTask).when(ask('AttachMedia', { of }), facts);
      const uploading = given(media).when(ask('ReceiveMedia', { ...upload, of }), facts);
      if (isThere) {
        attaching.then(detached(), attached(of));
        uploading.then({ type: 'MediaReceived', data: { ...upload, of, maker: ALICE.id } } as MediaEvent);
      } else {
        attaching.refuses('invalid', '/of/id');
        uploading.refuses('invalid', '/comment');
      }
    }
  });
  it('is for files that were found good', () => {
    for (const events of [[received], [received, refusedEvent]])
      given(media, ...events)
        .when(ask('AttachMedia', { of: ON_ORDER }), { before: task(ALICE), thing: { exists: true, maker: ALICE.id } })
        .refuses('conflict');
  });
});

describe('detaching', () => {
  it('leaves the file to its maker, and is done once', () => {
    given(media, ...onTask)
      .when(ask('DetachMedia'), { before: task(ALICE) })
      .then(detached());
    given(media, ...onTask, detached())
      .when(ask('DetachMedia'), { before: task(ALICE) })
      .then();
    given(media, received)
      .when(ask('DetachMedia'), { before: task(ALICE) })
      .refuses('conflict');
  });
});

describe('letting everybody fetch it', () => {
  it('is for who uploaded it and for admins alone, and the same again changes nothing', () => {
    const facts = { before: task(ALICE) };
    const event = { type: 'MediaAccessChanged', data: { access: 'public' } } as const;
    for (const actor of [ALICE, ADMIN])
      given(media, ...onTask)
        .when(ask('ChangeMediaAccess', { access: 'public' }, actor), facts)
        .then(event);
    given(media, ...onTask)
      .when(ask('ChangeMediaAccess', { access: 'public' }, BOB), facts)
      .refuses('forbidden');
    given(media, ...onTask)
      .when(ask('ChangeMediaAccess', { access: 'private' }), facts)
      .then();
  });
});

describe('work on a file', () => {
  it('begins with a lease, which no other worker gets before its end', () => {
    given(media, received)
      .when(lease())
      .then({ type: 'MediaProcessing', data: { attempt: 1, worker: 'b', until: AFTERWARDS, lease: 60_000 } });
    given(media, received, processing(1)).when(lease()).refuses('conflict');
    given(media, received, processing(1))
      .when(lease('b', AFTERWARDS))
      .then({ type: 'MediaProcessing', data: { attempt: 2, worker: 'b', until: AFTERWARDS, lease: 60_000 } });
  });
  it('waits for its next attempt', () => {
    given(media, received, processing(1), deferred).when(lease()).refuses('conflict');
    given(media, received, processing(1), deferred)
      .when(lease('b', LATER))
      .then({ type: 'MediaProcessing', data: { attempt: 2, worker: 'b', until: AFTERWARDS, lease: 60_000 } });
  });
  it('ends after the last attempt without an outcome: what ends every worker does not go on for ever', () => {
    const decided = media.decide(lease('b', AFTERWARDS), [received, processing(3)].reduce(media.evolve, media.initial), {});
    expect(decided).toMatchObject([{ type: 'MediaRefused', data: { attempt: 3, rule: 'unreadable' } }]);
  });
  it('records each size once, and nothing of an overtaken attempt', () => {
    const render = tell('RenderMedia', rendered('320').data);
    given(media, received, processing(1)).when(render).then(rendered('320'));
    given(media, received, processing(1), rendered('320')).when(render).then();
    given(media, received, processing(1), processing(2)).when(render).refuses('conflict');
    given(media, ...onTask)
      .when(render)
      .refuses('conflict');
  });
  it('ends with the file on its thing, or on nothing where that is gone', () => {
    const maker = user(ALICE);
    given(media, received, processing(1))
      .when(finish(), { before: task(ALICE), maker })
      .then(ready, attached());
    for (const before of [undefined, task(ALICE, null, { deleted: true })])
      given(media, received, processing(1)).when(finish(), { before, maker }).then(ready, detached());
  });
  it('ends with the file on nothing where its maker was deleted meanwhile, or may not add files to the thing any more', () => {
    const lost: [maker: unknown, before: object, seeing?: readonly Role[]][] = [
      [undefined, task(ALICE)],
      [{ ...user(ALICE), exists: false }, task(ALICE)],
      [{ ...user(ALICE), deleted: true }, task(ALICE)],
      [user(ALICE), task(BOB), []],
      [user({ ...ALICE, role: 'resident' }), task(BOB, CAROL), ['member']],
    ];
    for (const [maker, before, seeing] of lost) given(media, received, processing(1)).when(finish(seeing), { before, maker }).then(ready, detached());
    for (const [maker, before, seeing] of [
      [user(ALICE), task(BOB), ['member']],
      [user(ALICE), task(BOB, ALICE), []],
    ] as const)
      given(media, received, processing(1)).when(finish(seeing), { before, maker }).then(ready, attached());
  });
  it('ends with the right that its maker has then, for every kind of thing', () =>
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.constantFrom(...MEDIA_KINDS),
          role: fc.constantFrom(...ROLES),
          isSeeing: fc.boolean(),
          own: fc.boolean(),
          gone: fc.boolean(),
        }),
        ({ kind, role, isSeeing, own, gone }) => {
          const of = { kind, id: kind === 'user' && own ? ALICE.id : OF.id };
          const before = task(own ? ALICE : BOB, null, { deleted: gone });
          const facts = { before, maker: user({ ...ALICE, role }) };
          const may = mayWithFilesOf({ id: ALICE.id, role, seesAll: isSeeing }, of, before).attach;
          given(media, { type: 'MediaReceived', data: { ...upload, of, maker: ALICE.id } } as MediaEvent, processing(1))
            .when(finish(isSeeing ? [role] : []), facts)
            .then(ready, may ? attached(of) : detached(of));
        },
      ),
    ));
  it('asks who made the file, and for which thing', () => {
    const state = [received, processing(1)].reduce(media.evolve, media.initial);
    expect(media.needs?.(finish(), state)).toEqual({ before: `task-${OF.id}`, maker: `user-${ALICE.id}` });
  });
  it('is renewed by its own worker alone', () => {
    const renew = (worker: string) => tell('RenewMedia', { attempt: 1, worker, until: AFTERWARDS, lease: 60_000 });
    given(media, received, processing(1))
      .when(renew('a'))
      .then(processing(1, 'a', AFTERWARDS));
    given(media, received, processing(1)).when(renew('b')).refuses('conflict');
  });
});

describe('a scan of a file that was ready before there was a scanner', () => {
  const scan = (found: string | null) => tell('ScanMedia', { found });
  const clean: MediaEvent = { type: 'MediaScanned', data: {} };
  it('records that it is clean, once, and the file stays on what it is on', () => {
    given(media, ...onTask)
      .when(scan(null))
      .then(clean);
    given(media, ...onTask, detached())
      .when(scan(null))
      .then(clean);
    given(media, ...onTask, clean)
      .when(scan(null))
      .then();
    expect([...onTask, clean].reduce(media.evolve, media.initial)).toMatchObject({ status: 'attached', scanned: true });
  });
  it('refuses it for good where something is found', () =>
    given(media, ...onTask)
      .when(scan('Eicar-Test'))
      .then({ type: 'MediaRefused', data: { rule: 'infected', detail: 'A scanner found Eicar-Test in it.' } }));
  it('is of files that are ready alone', () => {
    for (const events of [[received], [received, refusedEvent]])
      given(media, ...events)
        .when(scan(null))
        .refuses('conflict');
    given(media, ...onTask, deleted('asked'))
      .when(scan(null))
      .refuses('not_found');
  });
});

describe('whatever happens', () => {
  const actor = fc.constantFrom(ALICE, BOB, CAROL, ADMIN);
  const anyCommand = fc.oneof(
    actor.map((who) => ask('DeleteMedia', null, who)),
    actor.map((who) => ask('DetachMedia', null, who)),
    fc.tuple(actor, fc.constantFrom(OF, ON_ORDER)).map(([who, of]) => ask('AttachMedia', { of }, who)),
    fc.tuple(actor, fc.constantFrom('public', 'private')).map(([who, access]) => ask('ChangeMediaAccess', { access }, who)),
    fc.constantFrom(
      lease(),
      lease('a', AFTERWARDS),
      tell('RenderMedia', rendered('320').data),
      tell('RefuseMedia', refusedEvent.data),
      finish(),
      tell('SweepMedia', null),
    ),
  );
  const thing = fc.record({ exists: fc.boolean(), deleted: fc.boolean(), maker: fc.constantFrom(ALICE.id, CAROL.id), assignee: fc.constant(null) });

  /** The events that steps leave, each with the state before it and whether the actor might do something to the file then: read it, or delete one's own. */
  function happened(steps: readonly [MediaCommand, unknown][]) {
    let state: MediaState = media.evolve(media.initial, received);
    return steps.flatMap(([one, of]) => {
      const decided = media.decide(one, state, { before: of, thing: of, maker: user(ALICE) });
      const allowed = mayReadFile(one.actor, state, of) || (one.type === 'DeleteMedia' && one.actor.id === ALICE.id);
      return ('refused' in decided ? [] : decided).map((event) => {
        const before = state;
        state = media.evolve(state, event);
        return { event, before, allowed };
      });
    });
  }
  it('a file that is attached was ready before, a deleted one stays deleted, and who may not read it, and did not upload it, changes nothing', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(anyCommand, thing), { maxLength: 30 }), (steps) => {
        const all = happened(steps);
        const types = all.map(({ event }) => event.type);
        expect(all.every(({ allowed, before }) => allowed && before.status !== 'deleted')).toBe(true);
        if (types.includes('MediaAttached')) expect(types.slice(0, types.indexOf('MediaAttached'))).toContain('MediaReady');
      }),
    ));
  it('it is told to its maker and to those who hear of its thing, before and after', () => {
    const before = onTask.reduce(media.evolve, media.initial);
    const event = attached(ON_ORDER);
    const facts = { before: task(BOB), thing: { exists: true, maker: CAROL.id } };
    const topics = media.topics('media-1', { before, event, after: media.evolve(before, event), facts });
    expect(topics).toEqual(expect.arrayContaining([`user:${ALICE.id}`, 'tasks', `task:${OF.id}`, `user:${BOB.id}`, `user:${CAROL.id}`]));
    expect(new Set(topics).size).toBe(topics.length);
  });
});
