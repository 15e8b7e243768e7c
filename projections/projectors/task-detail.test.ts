import { describe, expect, it } from 'vitest';
import { taskContract, taskDetailView as view } from '../../contracts/task.ts';
import { folded, given, minute, stream } from '../spec.fixture.ts';
import { taskDetail } from './task-detail.ts';

const { maker, userId: bob } = taskContract.events.TaskCreated.example;
const made = { type: 'TaskCreated' };
const { commentId, text } = taskContract.events.TaskCommented.example;

describe('a whole task', () => {
  it('has its comments in order, each with author and time', () => {
    given(taskDetail, made, { type: 'TaskCommented', actor: bob }, { type: 'TaskCommented', actor: maker, data: { text: 'Found them.' } }).becomes({
      comments: [
        { id: commentId, author: bob, text, time: minute(1) },
        { id: commentId, author: maker, text: 'Found them.', time: minute(2) },
      ],
      revision: 2,
      updatedAt: minute(2),
    });
  });
  it('has the fields that were edited and keeps the others', () => {
    given(taskDetail, made, { type: 'TaskEdited' }).becomes({
      title: 'Replace both lamps in the hall',
      deadline: null,
      description: 'The one beside the lift flickers.',
    });
  });
  it('keeps all of it while it is deleted, and is back when it is restored', () => {
    given(taskDetail, made, { type: 'TaskDeleted' }).becomes({ deleted: true, description: 'The one beside the lift flickers.' });
    given(taskDetail, made, { type: 'TaskDeleted' }, { type: 'TaskRestored' }).becomes({ deleted: false, revision: 2 });
  });
  it('knows who asked to watch it, and who not to, until they are assigned', () => {
    const unwatched = { type: 'TaskUnwatched', data: { userId: bob } };
    given(taskDetail, made, { type: 'TaskWatched' }).becomes({ asked: { watching: [bob], away: [] }, revision: 1, updatedAt: minute(1) });
    given(taskDetail, made, unwatched).becomes({ asked: { watching: [], away: [bob] } });
    given(taskDetail, made, unwatched, { type: 'TaskAssigned', data: { userId: bob } }).becomes({ asked: { watching: [], away: [] } });
  });
  it('is what the contract shows, but for the id, the mark of deletion, and who watches', () => {
    const { deleted: _, asked: __, ...document } = folded(taskDetail, stream(made, { type: 'TaskAssigned' }, { type: 'TaskStatusChanged' })) ?? {};
    expect(view.safeParse({ id: maker, ...document, watching: true, watchers: 1 }).error).toBeUndefined();
  });
});

describe('invariant 8: an event that cannot follow is an error, never half a document', () => {
  it.each(taskDetail.events.filter((type) => type !== 'TaskCreated'))('%s on a task that does not exist', (type) => {
    given(taskDetail, { type }).outOfPlace();
  });
  it('a second creation', () => {
    given(taskDetail, made, made).outOfPlace();
  });
});
