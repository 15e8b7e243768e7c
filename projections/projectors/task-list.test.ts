import { describe, expect, it } from 'vitest';
import { taskContract, taskSummaryView } from '../../contracts/task.ts';
import { folded, given, minute, stream } from '../spec.fixture.ts';
import { openTasksOf, taskList } from './task-list.ts';

const { maker, userId: bob } = taskContract.events.TaskCreated.example;
const made = { type: 'TaskCreated' };
const forBob = { type: 'TaskAssigned' };

describe('a task in the list', () => {
  it('begins open, assigned to nobody, with what its creation says', () => {
    given(taskList, made).becomes({
      title: 'Replace the lamp in the hall',
      status: 'open',
      assignee: null,
      maker,
      priority: 'high',
      labels: ['electrics'],
      comments: 0,
      createdAt: minute(0),
      updatedAt: minute(0),
      revision: 0,
      deleted: 0,
    });
  });
  it('belongs to its assignee as soon as it is assigned, and no longer to the one before', () => {
    given(taskList, made, forBob).becomes({ assignee: bob, members: [maker, bob], revision: 1, updatedAt: minute(1) });
    given(taskList, made, forBob, { type: 'TaskAssigned', data: { userId: null, previous: bob } }).becomes({ assignee: null, members: [maker] });
  });
  it('concerns its maker once, who is also the assignee', () => {
    given(taskList, made, { type: 'TaskAssigned', data: { userId: maker } }).becomes({ members: [maker] });
  });
  it('has the fields that were edited, and keys that follow from them', () => {
    given(taskList, made, { type: 'TaskEdited', data: { title: 'ÉCLAIRAGE du hall', deadline: null, priority: 'urgent' } }).becomes({
      title: 'ÉCLAIRAGE du hall',
      deadline: null,
      priorityRank: 3,
      titleKey: 'eclairage du hall',
      deadlineKey: '~',
      words: ['éclairage', 'du', 'hall', 'the', 'one', 'beside', 'lift', 'flickers'],
    });
  });
  it('follows its status and counts its comments', () => {
    given(taskList, made, { type: 'TaskStatusChanged' }, { type: 'TaskCommented' }, { type: 'TaskCommented' }).becomes({
      status: 'in-progress',
      comments: 2,
      revision: 3,
    });
  });
  it('keeps all of it while it is deleted, and is back when it is restored', () => {
    const before = folded(taskList, stream(made, forBob));
    given(taskList, made, forBob, { type: 'TaskDeleted' }).becomes({ deleted: 1, title: 'Replace the lamp in the hall' });
    given(taskList, made, forBob, { type: 'TaskDeleted' }, { type: 'TaskRestored' }).becomes({ ...before, updatedAt: minute(3), revision: 3 });
  });
  it('holds what a summary shows, and neither name nor address of anybody', () => {
    const document = folded(taskList, stream(made, forBob));
    const shown = Object.keys(taskSummaryView.shape).filter((field) => field !== 'id');
    expect(Object.keys(document ?? {})).toEqual(expect.arrayContaining(shown));
    expect(JSON.stringify(document)).not.toContain('@');
  });
});

describe('invariant 8: an event that cannot follow is an error, never half a document', () => {
  it.each(taskList.events.filter((type) => type !== 'TaskCreated'))('%s on a task that does not exist', (type) => {
    given(taskList, { type }).outOfPlace();
  });
  it('a second creation', () => {
    given(taskList, made, made).outOfPlace();
  });
});

describe('what a change makes stale', () => {
  it('is the list of all, and the lists of those it concerned before and concerns now', () => {
    const before = folded(taskList, stream(made, forBob));
    const after = folded(taskList, stream(made, forBob, { type: 'TaskAssigned', data: { userId: null, previous: bob } })) ?? null;
    expect(taskList.topics?.(before, after)).toEqual(['tasks', `tasks:${maker}`, `tasks:${bob}`]);
  });
  it('has the first page of open tasks ready for the assignee before and the one now', () => {
    const before = folded(taskList, stream(made, forBob));
    const after = folded(taskList, stream(made, forBob, { type: 'TaskAssigned', data: { userId: maker, previous: bob } })) ?? null;
    expect(taskList.pages?.(before, after)).toEqual([
      { topic: `tasks:${bob}`, find: openTasksOf(bob) },
      { topic: `tasks:${maker}`, find: openTasksOf(maker) },
    ]);
  });
});
