import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type InboxPage, isAfter, joined, marked, newsIn, pending } from './inbox-state.ts';
import type { InboxLine } from './store.ts';

/** Came in the minute n. */
function item(n: number, read = false): InboxLine {
  const createdAt = new Date(Date.UTC(2026, 10, 21, 9, n)).toISOString();
  return { id: `n${n}`, kind: 'message', title: 'Water', text: `${n}`, link: '/', read, createdAt };
}

/** Pages as the server has them, of what came until the minute `newest`; a cursor is the last item's id. */
function pageOf(newest: number, size: number, cursor?: string): InboxPage {
  const all = Array.from({ length: newest + 1 }, (_, n) => item(newest - n));
  const rest = cursor === undefined ? all : all.slice(all.findIndex(({ id }) => id === cursor) + 1);
  const items = rest.slice(0, size);
  const last = rest.length > size ? items.at(-1)?.id : undefined;
  return { items, unread: all.length, ...(last === undefined ? {} : { next: last }) };
}

const ids = ({ items }: InboxPage) => items.map(({ id }) => id);

/** As one does who asks for older ones. */
function older(told: InboxPage, newest: number, size: number): InboxPage {
  let more = told;
  while (more.items.length === told.items.length && more.next !== undefined) more = joined(more, pageOf(newest, size, more.next));
  return more;
}

/** As one does who hears of others. */
function again(told: InboxPage, newest: number, size: number): InboxPage {
  const last = told.items.at(-1);
  let more = pageOf(newest, size);
  while (last && isAfter(last, more)) more = joined(more, pageOf(newest, size, more.next), last.id);
  return more;
}

it('pages that are joined while others come have every item once, in order, and what was shown stays', () => {
  const steps = fc.array(fc.oneof(fc.constant('older'), fc.nat(7)), { maxLength: 12 });
  fc.assert(
    fc.property(fc.nat(30), fc.integer({ min: 1, max: 5 }), steps, (first, size, doing) => {
      let newest = first;
      let told = pageOf(newest, size);
      for (const step of doing) {
        const before = told;
        newest += Number(step) || 0;
        told = step === 'older' ? older(told, newest, size) : again(told, newest, size);
        expect(ids(told)).toEqual(expect.arrayContaining(ids(before)));
        expect(ids(told)).toEqual(ids(pageOf(newest, told.items.length)));
        expect(told.next === undefined).toBe(told.items.length === newest + 1);
        if (step === 'older' && before.next !== undefined) expect(told.items.length).toBeGreaterThan(before.items.length);
      }
    }),
    { numRuns: 300 },
  );
});

it('what is marked counts at once, the last mark of an item last, and what is told already counts once', () => {
  const told = { items: [item(3), item(2, true), item(1)], unread: 7 };
  const one = (id: string, read: boolean) => ({ what: { id }, read });
  expect(marked(told, [one('n3', true)])).toMatchObject({ items: [{ read: true }, { read: true }, { read: false }], unread: 6 });
  expect(marked(told, [one('n2', false), one('n2', true), one('n2', false)])).toMatchObject({ items: [{}, { read: false }, {}], unread: 8 });
  expect(marked(told, [one('n2', true), one('n1', false)])).toEqual(told);
});

it('all that came by then is read, older ones too; what came later is not', () => {
  const told = { items: [item(3), item(2), item(1)], unread: 700 };
  const all = { what: { by: item(2).createdAt }, read: true };
  expect(marked(told, [all])).toMatchObject({ items: [{ read: false }, { read: true }, { read: true }], unread: 1 });
  expect(marked(told, [all, { what: { id: 'n1' }, read: false }])).toMatchObject({ items: [{}, {}, { read: false }], unread: 2 });
});

it('a mark is kept until what is told has it in it', () => {
  const sent = { what: { id: 'n1' }, read: true };
  expect(pending([sent, { ...sent, position: '05' }, { ...sent, position: '06' }], '05')).toEqual([sent, { ...sent, position: '06' }]);
});

it('the newest that was not there before is said, where nothing else says it', () => {
  const before = [item(1)];
  expect(newsIn([item(3), item(2), item(1)], before)).toBe('New in your inbox: Water. 3');
  expect(newsIn([{ ...item(3), kind: 'comment_added' }, item(2, true), item(1)], before)).toBe('');
});
