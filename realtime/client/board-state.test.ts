import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { STATUSES, type TaskEvent, type TaskSummary, TRANSITIONS } from '../../contracts/task.ts';
import {
  asked,
  type BoardState,
  begun,
  done,
  dropped,
  emptyBoard,
  fold,
  knownAt,
  listed,
  made,
  shown,
  type TaskChange,
  tasksOf,
} from './board-state.ts';

const ID = '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';

function change(type: TaskEvent['type'], revision: number, data: unknown = exampleEvent(type).data): TaskChange {
  return { id: ID, type, revision, position: place(revision), time: `2026-11-21T09:00:0${revision % 10}.000Z`, data };
}
const place = (at: number) => String(at + 1).padStart(16, '0');
const started: TaskEvent = { type: 'TaskStatusChanged', data: { from: 'open', to: 'in-progress' } };
const foldAll = (board: BoardState, changes: readonly TaskChange[]) => changes.reduce(fold, board);

describe('changes that are heard', () => {
  const board = foldAll(emptyBoard, [change('TaskCreated', 0), change('TaskAssigned', 1), change('TaskStatusChanged', 2)]);

  it('make, assign and move a task', () => {
    const { data } = exampleEvent('TaskCreated') as { data: { title: string; userId: string; labels: string[] } };
    expect(tasksOf(board)).toEqual([
      expect.objectContaining({
        id: ID,
        title: data.title,
        assignee: data.userId,
        labels: data.labels,
        status: 'in-progress',
        revision: 2,
        comments: 0,
      }),
    ]);
    expect(board.gaps).toEqual({});
  });

  it('change only the fields that an edit names', () => {
    const edited = fold(board, change('TaskEdited', 3, { title: 'Both lamps', deadline: null, description: 'Longer.' }));
    expect(shown(edited, ID)).toEqual({
      ...shown(board, ID),
      title: 'Both lamps',
      deadline: null,
      revision: 3,
      updatedAt: change('TaskEdited', 3).time,
    });
  });

  it('count comments', () => {
    expect(shown(fold(board, change('TaskCommented', 3)), ID)?.comments).toBe(1);
  });

  it('take a deleted task away and bring a restored one back as it was', () => {
    const deleted = fold(board, change('TaskDeleted', 3));
    expect(tasksOf(deleted)).toEqual([]);
    expect(shown(fold(deleted, change('TaskRestored', 4)), ID)).toMatchObject({ status: 'in-progress', revision: 4 });
  });

  it('are ignored at or before the revision that is known', () => {
    for (const late of [change('TaskCreated', 0), change('TaskStatusChanged', 2)]) expect(fold(board, late)).toBe(board);
  });

  it('after a gap are not applied, but noted to be asked for', () => {
    const next = fold(board, change('TaskDeleted', 5));
    expect(shown(next, ID)).toEqual(shown(board, ID));
    expect(next.gaps).toEqual({ [ID]: { revision: 5, position: place(5) } });
    expect(foldAll(next, [change('TaskCommented', 3), change('TaskCommented', 4), change('TaskDeleted', 5)]).gaps).toEqual({});
  });

  it('of a task that is not known ask for it', () => {
    expect(fold(emptyBoard, change('TaskCommented', 4)).gaps).toHaveProperty(ID);
  });
});

describe('commands on their way', () => {
  const board = fold(emptyBoard, change('TaskCreated', 0));
  const waiting = begun(board, { key: 'k', id: ID, event: started });

  it('are shown at once', () => {
    expect(shown(waiting, ID)).toMatchObject({ status: 'in-progress', revision: 0 });
  });

  it('are taken back when they are refused', () => {
    expect(shown(dropped(waiting, 'k'), ID)).toEqual(shown(board, ID));
  });

  it('stay shown from their answer until the change itself is heard', () => {
    const answered = done(waiting, 'k', { revision: 1, position: place(1) });
    expect(shown(answered, ID)?.status).toBe('in-progress');
    expect(answered.gaps).toHaveProperty(ID);
    const heard = fold(answered, { ...change('TaskStatusChanged', 1), data: started.data });
    expect(heard).toMatchObject({ pending: [], gaps: {} });
    expect(shown(heard, ID)).toMatchObject({ status: 'in-progress', revision: 1 });
  });

  it('are settled by an answer that comes after the change', () => {
    const heard = fold(waiting, { ...change('TaskStatusChanged', 1), data: started.data });
    expect(done(heard, 'k', { revision: 1, position: place(1) })).toMatchObject({ pending: [], gaps: {} });
  });

  it('that made a task ask for it until it is known', () => {
    const asking = made(emptyBoard, ID, { revision: 0, position: place(0) });
    expect(asking.gaps).toHaveProperty(ID);
    expect(fold(asking, change('TaskCreated', 0)).gaps).toEqual({});
  });
});

describe('lists and answers of the server', () => {
  const task = shown(fold(emptyBoard, change('TaskCreated', 0)), ID) as TaskSummary;

  it('never put an older task over a newer one', () => {
    const newer = foldAll(emptyBoard, [change('TaskCreated', 0), change('TaskDeleted', 1)]);
    expect(tasksOf(listed(newer, { items: [task], position: place(0), whole: true }))).toEqual([]);
  });

  it('take away what is not in a whole list, but not what was heard of after it', () => {
    const known = fold(emptyBoard, change('TaskCreated', 0));
    const empty = { items: [], whole: true };
    expect(tasksOf(listed(known, { ...empty, position: place(3) }))).toEqual([]);
    expect(tasksOf(listed(known, { ...empty, position: '0000000000000000' }))).toHaveLength(1);
  });

  it('close the gap that they fill, and keep one that they do not', () => {
    const gap = fold(emptyBoard, change('TaskCommented', 4));
    expect(asked(gap, ID, { task: { ...task, revision: 3 }, position: place(3) }).gaps).toHaveProperty(ID);
    expect(asked(gap, ID, { task: { ...task, revision: 4 }, position: place(4) }).gaps).toEqual({});
  });

  it('remove a task that is not there any more', () => {
    const gap = fold(fold(emptyBoard, change('TaskCreated', 0)), change('TaskCommented', 4));
    expect(asked(gap, ID, { task: null, position: place(4) })).toEqual({ ...emptyBoard });
  });
});

/** A history that the rules allow. */
const histories = fc.array(fc.nat(5), { maxLength: 20 }).map((choices) => {
  const changes = [change('TaskCreated', 0)];
  let status: TaskSummary['status'] = 'open';
  let isDeleted = false;
  const next = (choice: number): TaskEvent => {
    if (isDeleted) return { type: 'TaskRestored', data: {} };
    const to = TRANSITIONS[status][choice % TRANSITIONS[status].length] ?? 'open';
    const events: TaskEvent[] = [
      { type: 'TaskStatusChanged', data: { from: status, to } },
      { type: 'TaskCommented', data: { commentId: ID, text: 'Yes.' } },
      { type: 'TaskEdited', data: { title: `Title ${choice}`, labels: ['a'] } },
      { type: 'TaskAssigned', data: { userId: choice % 2 ? ID : null, previous: null, atCreation: false } },
      { type: 'TaskDeleted', data: {} },
    ];
    return events[choice % events.length] ?? (events[0] as TaskEvent);
  };
  for (const choice of choices) {
    const event = next(choice);
    if (event.type === 'TaskStatusChanged') status = event.data.to;
    if (event.type === 'TaskDeleted' || event.type === 'TaskRestored') isDeleted = event.type === 'TaskDeleted';
    changes.push(change(event.type, changes.length, event.data));
  }
  return changes;
});

/** The same messages with some lost, some repeated, in any order. */
const deliveries = histories.chain((changes) =>
  fc.record({ changes: fc.constant(changes), heard: fc.array(fc.constantFrom(...changes), { maxLength: 40 }) }),
);

describe('whatever is lost, repeated or out of order', () => {
  it('the board is right, or knows that it is not', () => {
    fc.assert(
      fc.property(deliveries, ({ changes, heard }) => {
        const board = foldAll(emptyBoard, heard);
        const newest = Math.max(-1, ...heard.map(({ revision }) => revision));
        const known = board.entries[ID]?.task.revision ?? -1;
        expect(board.gaps[ID]?.revision ?? known).toBe(newest);
        expect(board.entries[ID]).toEqual(foldAll(emptyBoard, changes.slice(0, known + 1)).entries[ID]);
      }),
    );
  });

  it('asking for a task makes the board what the log says', () => {
    fc.assert(
      fc.property(deliveries, ({ changes, heard }) => {
        const truth = foldAll(emptyBoard, changes);
        const position = place(changes.length - 1);
        const board = asked(foldAll(emptyBoard, heard), ID, { task: shown(truth, ID) ?? null, position });
        expect(tasksOf(board)).toEqual(tasksOf(truth));
        expect(board.gaps).toEqual({});
      }),
    );
  });

  it('commands on their way change nothing of what the server said', () => {
    fc.assert(
      fc.property(deliveries, fc.constantFrom(...STATUSES), ({ heard }, to) => {
        const event: TaskEvent = { type: 'TaskStatusChanged', data: { from: 'open', to } };
        const board = foldAll(begun(emptyBoard, { key: 'k', id: ID, event }), heard);
        expect(dropped(board, 'k')).toEqual(foldAll(emptyBoard, heard));
      }),
    );
  });
});

describe('the position at which a task is known to be there', () => {
  it('is the later one of what is shown of it and of what is yet to be asked for, and none for a task of which nothing is known', () => {
    const heard = foldAll(emptyBoard, [change('TaskCreated', 0)]);
    expect(knownAt(heard, ID)).toBe(place(0));
    expect(knownAt(made(emptyBoard, ID, { revision: 0, position: place(0) }), ID)).toBe(place(0));
    expect(knownAt(made(heard, ID, { revision: 3, position: place(3) }), ID)).toBe(place(3));
    expect(knownAt(emptyBoard, ID)).toBeUndefined();
  });
});
