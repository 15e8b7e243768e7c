import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRIORITIES, STATUSES, type TaskSummary, TRANSITIONS } from '../../contracts/task.ts';
import { columnsOf, mayMove, neighbour, nextStatus, noFilters, passes, whyNot } from './board-view.ts';

const MAKER = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const NONE: ReadonlySet<string> = new Set();

function task(more: Partial<TaskSummary> = {}): TaskSummary {
  const time = '2026-11-21T09:00:00.000Z';
  const blank = { title: 'Lamp in the hall', status: 'open', priority: 'normal', labels: [], assignee: null, deadline: null } as const;
  return { id: 'a', maker: MAKER, comments: 0, createdAt: time, updatedAt: time, revision: 0, ...blank, labels: [], ...more };
}

describe('filters', () => {
  it('find the beginnings of words in title and labels, whatever their case', () => {
    const lamp = task({ labels: ['Électricité'] });
    for (const text of ['hal LAM', 'élec', ' ']) expect(passes(lamp, { ...noFilters, text }, NONE)).toBe(true);
    for (const text of ['all', 'lamp garden']) expect(passes(lamp, { ...noFilters, text }, NONE)).toBe(false);
  });

  it('find nothing by signs alone, which are the beginning of no word', () => {
    for (const text of ['!!!', '…', '\u200b']) expect(passes(task({ title: '!!!' }), { ...noFilters, text }, NONE)).toBe(false);
  });

  it('show what the server found by its description', () => {
    expect(passes(task(), { ...noFilters, text: 'cellar' }, new Set(['a']))).toBe(true);
  });

  it('keep to an assignee, nobody, or a label', () => {
    expect(passes(task(), { ...noFilters, assignee: 'none' }, NONE)).toBe(true);
    expect(passes(task({ assignee: MAKER }), { ...noFilters, assignee: 'none' }, NONE)).toBe(false);
    expect(passes(task({ assignee: MAKER }), { ...noFilters, assignee: MAKER }, NONE)).toBe(true);
    expect(passes(task(), { ...noFilters, label: 'hall' }, new Set(['a']))).toBe(false);
  });
});

describe('columns', () => {
  it('have the urgent first, then by deadline, then the oldest', () => {
    const tasks = [
      task({ id: 'old', createdAt: '2026-01-01T00:00:00.000Z' }),
      task({ id: 'new' }),
      task({ id: 'later', deadline: '2027-02-01T00:00:00.000Z' }),
      task({ id: 'soon', deadline: '2027-01-01T00:00:00.000Z' }),
      task({ id: 'urgent', priority: 'urgent' }),
    ];
    expect(columnsOf(tasks).open.map(({ id }) => id)).toEqual(['urgent', 'soon', 'later', 'old', 'new']);
  });

  it('have what was finished last first', () => {
    const tasks = [
      task({ id: 'first', status: 'done' }),
      task({ id: 'last', status: 'done', updatedAt: '2026-11-22T00:00:00.000Z', priority: 'low' }),
    ];
    expect(columnsOf(tasks).done.map(({ id }) => id)).toEqual(['last', 'first']);
  });

  it('hold each task once, in the same order however they came', () => {
    const tasks = fc.uniqueArray(
      fc.record({ id: fc.string(), status: fc.constantFrom(...STATUSES), priority: fc.constantFrom(...PRIORITIES) }).map(task),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(tasks, (some) => {
        const columns = columnsOf(some);
        expect(columnsOf(some.toReversed())).toEqual(columns);
        expect(STATUSES.flatMap((status) => columns[status].map(({ id }) => id)).sort()).toEqual(some.map(({ id }) => id).sort());
      }),
    );
  });
});

describe('moving by keys', () => {
  const columns = columnsOf([task({ id: 'a' }), task({ id: 'b' }), task({ id: 'c', status: 'done' })]);

  it('goes up and down, and to the next column that has a card', () => {
    expect(neighbour(columns, 'a', 'ArrowDown')).toBe('b');
    expect(neighbour(columns, 'a', 'ArrowUp')).toBeUndefined();
    expect(neighbour(columns, 'b', 'ArrowRight')).toBe('c');
    expect(neighbour(columns, 'c', 'ArrowLeft')).toBe('a');
    expect(neighbour(columns, 'a', 'End')).toBe('b');
    expect(neighbour(columns, 'gone', 'End')).toBeUndefined();
  });

  it('leads only to statuses that the table of transitions allows', () => {
    for (const from of STATUSES) {
      for (const step of [-1, 1] as const) {
        const to = nextStatus(from, step);
        if (to) expect(TRANSITIONS[from]).toContain(to);
        else expect(STATUSES.filter((one) => mayMove(from, one) && Math.sign(STATUSES.indexOf(one) - STATUSES.indexOf(from)) === step)).toEqual([]);
      }
    }
  });

  it('says why a task cannot go somewhere', () => {
    expect(whyNot('done', 'cancelled')).toBe('A task that is done cannot become cancelled, only open.');
  });
});
