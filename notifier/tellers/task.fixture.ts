import { exampleEvent } from '../../contracts/catalog.ts';
import type { taskKinds } from '../../contracts/notifications/task.ts';
import { ALICE, accountGone, BOB, CAROL, type Happening, NOBODY, type Row, row, type Scenes } from './scenes.fixture.ts';

const DEADLINE = '2026-11-30T09:00:00.000Z';
const AFTER = '2026-12-01T09:00:00.000Z';
const TASK = exampleEvent('TaskCreated').stream;
const created = { ...(exampleEvent('TaskCreated').data as object), maker: ALICE, userId: BOB, deadline: DEADLINE };

const unassigned: Happening = [TASK, 'TaskAssigned', { userId: null, previous: BOB, atCreation: false }];
const toCarol: Happening = [TASK, 'TaskAssigned', { userId: CAROL, previous: BOB, atCreation: false }];
const toAlice: Happening = [TASK, 'TaskAssigned', { userId: ALICE, previous: BOB, atCreation: false }];
const toBob: Happening = [TASK, 'TaskAssigned', { userId: BOB, previous: null, atCreation: false }];
const retitled: Happening = [TASK, 'TaskEdited', { title: 'Not for everybody' }];
const deleted: Happening = [TASK, 'TaskDeleted', {}];
const restored: Happening = [TASK, 'TaskRestored', {}];
const done: Happening = [TASK, 'TaskStatusChanged', { from: 'open', to: 'done' }];
const cancelled: Happening = [TASK, 'TaskStatusChanged', { from: 'open', to: 'cancelled' }];
const begun: Happening = [TASK, 'TaskStatusChanged', { from: 'open', to: 'in-progress' }];
const reopened: Happening = [TASK, 'TaskStatusChanged', { from: 'done', to: 'open' }];
const later: Happening = [TASK, 'TaskEdited', { deadline: '2027-01-31T16:00:00.000Z' }];
const asBefore: Happening = [TASK, 'TaskEdited', { deadline: DEADLINE }];
const never: Happening = [TASK, 'TaskEdited', { deadline: null }];
const watched: Happening = [TASK, 'TaskWatched', { userId: BOB }];
const unwatched: Happening = [TASK, 'TaskUnwatched', { userId: BOB }];
const aliceUnwatched: Happening = [TASK, 'TaskUnwatched', { userId: ALICE }];
const resident: Happening = [`user-${BOB}`, 'UserRoleChanged', { from: 'member', to: 'resident' }];

const THERE = 'the task is not there any more';
const THEIRS = 'the task is not the recipient’s any more';
const READ = 'the recipient may not read the task any more';
const AWAY = 'the recipient does not watch the task any more';
const AGAIN = 'somebody has the task again';
const MOVED = 'the task has another deadline, or none';

/** Every kind that is about a task, wherever it is told. */
const OF_A_TASK: readonly Row[] = [
  row(null),
  row(null, [retitled]),
  row(THERE, [deleted]),
  row(null, [deleted, restored]),
  row(NOBODY, [accountGone]),
  row(null, [], { visibility: 'own' }),
];
/** A task that somebody was concerned with, and may not read any more. */
const MAY_READ: readonly Row[] = [
  row(null, [unassigned, retitled]),
  row(READ, [unassigned, retitled], { visibility: 'own' }),
  row(READ, [toCarol], { visibility: 'own' }),
  row(READ, [unassigned, resident]),
  row(null, [unassigned, toBob], { visibility: 'own' }),
];
/** A task that somebody watches, or watches no more. */
const WATCHED: readonly Row[] = [
  row(AWAY, [unwatched]),
  row(AWAY, [unwatched, unassigned]),
  row(null, [unwatched, watched]),
  row(null, [unwatched, unassigned, toBob]),
  row(null, [aliceUnwatched]),
];
const HAS_IT: readonly Row[] = [
  row(THEIRS, [unassigned, retitled]),
  row(READ, [unassigned, retitled], { visibility: 'own' }),
  row(THEIRS, [toCarol]),
  row(null, [unassigned, toBob]),
  row(null, [done]),
  row(null, [later]),
];
const AWAITED: readonly Row[] = [
  row('the task is done', [done]),
  row('the task is cancelled', [cancelled]),
  row(null, [begun]),
  row(null, [done, reopened]),
  row(MOVED, [later]),
  row(MOVED, [never]),
  row(null, [later, asBefore]),
];

/** A task of Alice's, for Bob, with a deadline. */
export const taskScenes: Scenes<keyof typeof taskKinds> = {
  begin: () => [
    [TASK, 'TaskCreated', created],
    [TASK, 'TaskAssigned', { userId: BOB, previous: null, atCreation: true }],
  ],
  request: () => ({ toUser: true, about: { stream: TASK, revision: 1 } }),
  rows: {
    task_created: [
      ...OF_A_TASK,
      ...HAS_IT,
      row(null, [], { to: ALICE, before: [unassigned], visibility: 'own' }),
      row(THEIRS, [toCarol], { to: ALICE, before: [unassigned] }),
    ],
    task_assigned: [...OF_A_TASK, ...HAS_IT, row(THEIRS, [unassigned], { to: ALICE, before: [toAlice] })],
    task_unassigned: [
      row(null, [], { to: ALICE, before: [unassigned], visibility: 'own' }),
      row(null, [retitled], { to: ALICE, before: [unassigned] }),
      row(AGAIN, [toCarol], { to: ALICE, before: [unassigned] }),
      row(AGAIN, [toAlice], { to: ALICE, before: [unassigned] }),
      row(THERE, [deleted], { to: ALICE, before: [unassigned] }),
      row(null, [deleted, restored], { to: ALICE, before: [unassigned] }),
      row(NOBODY, [accountGone], { before: [unassigned] }),
    ],
    comment_added: [...OF_A_TASK, ...MAY_READ, ...WATCHED, row(null, [done])],
    status_changed: [...OF_A_TASK, ...MAY_READ, ...WATCHED, row(null, [done])],
    due_soon: [...OF_A_TASK, ...MAY_READ, ...AWAITED, row(null, [unwatched]), row('the deadline has passed', [], { now: AFTER })],
    overdue: [...OF_A_TASK, ...MAY_READ, ...AWAITED, row(null, [], { now: AFTER })],
  },
};
