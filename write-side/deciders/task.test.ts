import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../contracts/aggregate.ts';
import { STATUSES, type TaskCommand, type TaskEvent, TRANSITIONS, taskContract } from '../../contracts/task.ts';
import { MOST_WATCHERS } from '../../contracts/watchers.ts';
import { ADMIN, ALICE, BOB, command, given } from '../spec.fixture.ts';
import { initial, type TaskState, task } from './task.ts';
import { initial as nobody } from './user.ts';

const CAROL = { id: 'ca801000-0000-4000-8000-000000000004', role: 'member', seesAll: true } as const;
const made: TaskEvent = { type: 'TaskCreated', data: { title: 'Lamp', maker: ALICE.id, priority: 'normal', labels: [] } };
const forBob: TaskEvent = { type: 'TaskAssigned', data: { userId: BOB.id, previous: null, atCreation: false } };
const moved = (from: TaskState['status'], to: TaskState['status']): TaskEvent => ({ type: 'TaskStatusChanged', data: { from, to } });
const deleted: TaskEvent = { type: 'TaskDeleted', data: {} };
const active = { [BOB.id]: { ...nobody, exists: true } };
const cmd = (type: TaskCommand['type'], data: unknown, more: Parameters<typeof command>[2] = {}) => command<TaskCommand>(type, data, more);

describe('creating a task', () => {
  it('records the maker, a deadline in UTC, each label once, and normal priority', () => {
    given(task)
      .when(cmd('CreateTask', { title: 'Lamp', deadline: '2027-01-31T17:00:00+01:00', labels: ['a', 'a', 'b'] }))
      .then({
        type: 'TaskCreated',
        data: { title: 'Lamp', maker: ALICE.id, deadline: '2027-01-31T16:00:00.000Z', priority: 'normal', labels: ['a', 'b'] },
      });
  });
  it('for nobody and without a deadline may say so with null', () => {
    given(task)
      .when(cmd('CreateTask', { title: 'Lamp', userId: null, deadline: null }))
      .then({ type: 'TaskCreated', data: { title: 'Lamp', maker: ALICE.id, priority: 'normal', labels: [] } });
  });
  it('for somebody also assigns it, marked as done at creation', () => {
    given(task)
      .when(cmd('CreateTask', { title: 'Lamp', userId: BOB.id }), active)
      .then(
        { type: 'TaskCreated', data: { title: 'Lamp', maker: ALICE.id, userId: BOB.id, priority: 'normal', labels: [] } },
        { type: 'TaskAssigned', data: { userId: BOB.id, previous: null, atCreation: true } },
      );
  });
  it('is refused for a deadline that has passed, or is now', () => {
    given(task)
      .when(cmd('CreateTask', { title: 'Lamp', deadline: '2026-11-21T09:00:00Z' }))
      .refuses('invalid', '/deadline');
  });
  it.each([
    ['unknown', {}],
    ['deleted', { [BOB.id]: { ...nobody, exists: true, deleted: true } }],
  ])('is refused for an assignee who is %s', (_, facts) => {
    given(task)
      .when(cmd('CreateTask', { title: 'Lamp', userId: BOB.id }), facts)
      .refuses('invalid', '/userId');
  });
  it('is refused where the task exists', () => {
    given(task, made)
      .when(cmd('CreateTask', { title: 'Lamp' }))
      .refuses('conflict');
  });
});

describe('changing a task', () => {
  it('names only the fields that differ', () => {
    given(task, made)
      .when(cmd('EditTask', { title: 'Lamps', priority: 'normal', labels: [], description: '' }))
      .then({ type: 'TaskEdited', data: { title: 'Lamps' } });
  });
  it('clears a deadline with null', () => {
    const due: TaskEvent = { ...made, data: { ...made.data, deadline: '2027-01-31T16:00:00.000Z' } } as TaskEvent;
    given(task, due)
      .when(cmd('EditTask', { deadline: null }))
      .then({ type: 'TaskEdited', data: { deadline: null } });
  });
  it('takes a deadline that has passed only where it stays as it is', () => {
    const overdue: TaskEvent = { ...made, data: { ...made.data, deadline: '2026-01-01T00:00:00.000Z' } } as TaskEvent;
    given(task, overdue)
      .when(cmd('EditTask', { deadline: '2026-01-01T01:00:00+01:00' }))
      .then();
    given(task, made)
      .when(cmd('EditTask', { deadline: '2026-01-01T00:00:00Z' }))
      .refuses('invalid', '/deadline');
  });
  it('assigns, reassigns and unassigns, remembering the one before', () => {
    given(task, made, forBob)
      .when(cmd('AssignTask', { userId: null }))
      .then({ type: 'TaskAssigned', data: { userId: null, previous: BOB.id, atCreation: false } });
  });
  it('is for its maker, its assignee and admins', () => {
    given(task, made, forBob)
      .when(cmd('EditTask', { title: 'x' }, { actor: BOB }))
      .then({ type: 'TaskEdited', data: { title: 'x' } });
    given(task, made, forBob)
      .when(cmd('EditTask', { title: 'x' }, { actor: ADMIN }))
      .then({ type: 'TaskEdited', data: { title: 'x' } });
    given(task, made, forBob)
      .when(cmd('EditTask', { title: 'x' }, { actor: CAROL }))
      .refuses('forbidden');
  });
  it('hides the task from who may not even read it', () => {
    given(task, made)
      .when(cmd('EditTask', { title: 'x' }, { actor: { ...CAROL, seesAll: false } }))
      .refuses('not_found');
    given(task, made)
      .when(cmd('CommentTask', { text: 'x' }, { actor: { ...CAROL, seesAll: false } }))
      .refuses('not_found');
  });
  it('lets everybody who can read it comment', () => {
    const decided = task.decide(cmd('CommentTask', { text: 'Hello' }, { actor: CAROL }), task.evolve(initial, made), {});
    expect(decided).toMatchObject([{ type: 'TaskCommented', data: { text: 'Hello' } }]);
  });
  it('knows who wrote each of its comments, whose author alone puts files on it', () => {
    const by = ({ id }: Actor, commentId: string) => ({ type: 'TaskCommented', data: { commentId, text: 'x' }, metadata: { actor: id } }) as const;
    const state = [by(ALICE, '1'), by(CAROL, '2')].reduce(task.evolve, task.evolve(initial, made));
    expect(state).toMatchObject({ comments: 2, commented: { 1: ALICE.id, 2: CAROL.id } });
  });
  it('takes comments until it is full: it is read and written as one', () => {
    const commented = (text: string): TaskEvent => ({ type: 'TaskCommented', data: { commentId: ALICE.id, text } });
    const long = Array.from({ length: 20 }, () => commented('x'.repeat(10_000)));
    given(task, made, ...long)
      .when(cmd('CommentTask', { text: 'x' }))
      .refuses('conflict');
    given(task, made, ...Array.from({ length: 1_000 }, () => commented('x')))
      .when(cmd('CommentTask', { text: 'x' }))
      .refuses('conflict');
    expect(task.decide(cmd('CommentTask', { text: 'x' }), long.slice(1).reduce(task.evolve, task.evolve(initial, made)), {})).toHaveLength(1);
  });
  it('is not found once deleted, but its maker or an admin restores it', () => {
    given(task, made, deleted)
      .when(cmd('EditTask', { title: 'x' }))
      .refuses('not_found');
    given(task, made, deleted).when(cmd('DeleteTask', null)).refuses('not_found');
    given(task, made, deleted).when(cmd('RestoreTask', null)).then({ type: 'TaskRestored', data: {} });
    given(task, made, forBob, deleted)
      .when(cmd('RestoreTask', null, { actor: BOB }))
      .refuses('forbidden');
    given(task, made).when(cmd('RestoreTask', null)).then();
  });
});

describe('statuses', () => {
  const cases = STATUSES.flatMap((from) => STATUSES.map((to) => [from, to] as const));
  it.each(cases)('%s → %s does what the table says', (from, to) => {
    const there = from === 'open' ? [made] : [made, moved('open', from)];
    const outcome = given(task, ...there).when(cmd('ChangeTaskStatus', { status: to }));
    if (from === to) outcome.then();
    else if (TRANSITIONS[from].includes(to)) outcome.then(moved(from, to));
    else outcome.refuses('conflict', '/status');
  });
});

describe('properties', () => {
  const user = fc.constantFrom(ALICE, BOB, ADMIN, CAROL);
  const anyCommand: fc.Arbitrary<TaskCommand> = fc
    .oneof(
      fc.record({
        type: fc.constant('EditTask' as const),
        data: fc.record(
          { title: fc.constantFrom('a', 'b'), priority: fc.constantFrom('low', 'high'), labels: fc.constantFrom([], ['x'], ['x', 'x']) },
          { requiredKeys: [] },
        ),
        actor: user,
      }),
      fc.record({ type: fc.constant('AssignTask' as const), data: fc.record({ userId: fc.constantFrom(null, BOB.id) }), actor: user }),
      fc.record({ type: fc.constant('ChangeTaskStatus' as const), data: fc.record({ status: fc.constantFrom(...STATUSES) }), actor: user }),
      fc.record({ type: fc.constantFrom('DeleteTask' as const, 'RestoreTask' as const), data: fc.constant(null), actor: user }),
    )
    .map(({ type, data, actor }) => cmd(type, data, { actor }));

  const run = (state: TaskState, it: TaskCommand) => task.decide(it, state, active);
  const outcome = (state: TaskState, decided: ReturnType<typeof run>) => ('refused' in decided ? state : decided.reduce(task.evolve, state));
  const start = task.evolve(initial, made);

  it('the same command again right away changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 20 }), anyCommand, (history, last) => {
        const state = history.reduce((before, one) => outcome(before, run(before, one)), start);
        const once = outcome(state, run(state, last));
        expect(outcome(once, run(once, last))).toEqual(once);
        const again = run(once, last);
        if (!('refused' in again)) expect(again).toEqual([]);
      }),
    );
  });
  it('an evolved state accepts only the statuses of the table', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 30 }), (history) => {
        history.reduce((before, one) => {
          const decided = run(before, one);
          const next = outcome(before, decided);
          expect([before.status, ...TRANSITIONS[before.status]]).toContain(next.status);
          expect(before.deleted && next !== before && one.type !== 'RestoreTask').toBe(false);
          return next;
        }, start);
      }),
    );
  });
  it('every event decided fits its contract', () => {
    fc.assert(
      fc.property(fc.array(anyCommand, { maxLength: 20 }), (history) => {
        history.reduce((before, one) => {
          const decided = run(before, one);
          if (!('refused' in decided)) for (const event of decided) taskContract.events[event.type].schema.parse(event.data);
          return outcome(before, decided);
        }, start);
      }),
    );
  });
});

describe('watching a task', () => {
  const watched = (userId: string): TaskEvent => ({ type: 'TaskWatched', data: { userId } });
  const unwatched = (userId: string): TaskEvent => ({ type: 'TaskUnwatched', data: { userId } });
  const [watch, unwatch] = [cmd('WatchTask', null, { actor: CAROL }), cmd('UnwatchTask', null, { actor: CAROL })];

  it('is for everybody who can read it, once', () => {
    given(task, made).when(watch).then(watched(CAROL.id));
    given(task, made, watched(CAROL.id)).when(watch).then();
    given(task, made, watched(CAROL.id)).when(unwatch).then(unwatched(CAROL.id));
    given(task, made, watched(CAROL.id), unwatched(CAROL.id)).when(unwatch).then();
    given(task, made, unwatched(CAROL.id)).when(watch).then(watched(CAROL.id));
  });
  it('is refused to who cannot read it, and where it is deleted', () => {
    for (const type of ['WatchTask', 'UnwatchTask'] as const) {
      given(task, made)
        .when(cmd(type, null, { actor: { ...CAROL, seesAll: false } }))
        .refuses('not_found');
      given(task, made, deleted).when(cmd(type, null)).refuses('not_found');
      given(task).when(cmd(type, null)).refuses('not_found');
    }
  });
  it('may be ended by maker and assignee, and an assignment anew begins it again', () => {
    given(task, made).when(cmd('UnwatchTask', null)).then(unwatched(ALICE.id));
    given(task, made, forBob, unwatched(BOB.id), { type: 'TaskAssigned', data: { userId: null, previous: BOB.id, atCreation: false } }, forBob)
      .when(cmd('UnwatchTask', null, { actor: BOB }))
      .then(unwatched(BOB.id));
  });
  it('has room for so many who ask, and no more', () => {
    const full = Array.from({ length: MOST_WATCHERS }, (_, n) => watched(`watcher-${n}`));
    given(task, made, ...full)
      .when(watch)
      .refuses('conflict');
    given(task, made, ...full.slice(1))
      .when(watch)
      .then(watched(CAROL.id));
    given(task, made, ...full, unwatched('watcher-7'))
      .when(watch)
      .then(watched(CAROL.id));
  });
});

describe('a task whose assignee was deleted', () => {
  const SYSTEM = { id: 'policy:unassign', role: 'system', seesAll: true } as const;
  const unassign = (userId: string) => cmd('UnassignTask', { userId }, { actor: SYSTEM });
  const taken: TaskEvent = { type: 'TaskAssigned', data: { userId: null, previous: BOB.id, atCreation: false, because: 'user_deleted' } };

  it.each<[string, TaskEvent[]]>([
    ['open', []],
    ['in progress', [moved('open', 'in-progress')]],
    ['opened again', [moved('open', 'done'), moved('done', 'open')]],
    ['restored', [deleted, { type: 'TaskRestored', data: {} }]],
  ])('is taken from them while it is %s', (_, more) => {
    given(task, made, forBob, ...more)
      .when(unassign(BOB.id))
      .then(taken);
  });
  it.each<[string, TaskEvent[]]>([
    ['there is none', []],
    ['nobody has it', [made]],
    ['it was taken already', [made, forBob, taken]],
    ['somebody else has it by now', [made, forBob, { type: 'TaskAssigned', data: { userId: CAROL.id, previous: BOB.id, atCreation: false } }]],
    ['it is done: that is the record of who did it', [made, forBob, moved('open', 'done')]],
    ['it is cancelled', [made, forBob, moved('open', 'cancelled')]],
    ['it is deleted', [made, forBob, deleted]],
  ])('is left where %s', (_, events) => {
    given(task, ...events)
      .when(unassign(BOB.id))
      .then();
  });
});
