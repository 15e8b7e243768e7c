import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { given, minute } from '../spec.fixture.ts';
import { atSite } from './assets.ts';
import { repairDetails } from './repair-details.ts';
import { filedBy, repairs } from './repairs.ts';

const filed = { type: 'RepairFiled' };
const waiting = { type: 'RepairStateChanged' };
const { site, requester } = exampleEvent('RepairFiled').data as { site: string; requester: string };
const LATER = ['RepairEdited', 'RepairTriaged', 'RepairAssigned', 'RepairStateChanged', 'RepairCommented', 'RepairCostAdded', 'RepairCostRemoved'];

describe('a repair request', () => {
  it('is what was said of it last, and is found by its words', () => {
    given(repairs, filed).becomes({ state: 'filed', priority: 'normal', assignee: null, filedAt: '2027-01-31T09:00:00.000Z', revision: 0 });
    given(repairs, filed).becomes({ words: expect.arrayContaining(['lift', 'morning']) as never });
    given(repairs, filed, { type: 'RepairEdited', data: { description: '' } }).becomes({ words: expect.not.arrayContaining(['morning']) as never });
    given(repairs, filed, { type: 'RepairTriaged' }).becomes({ priority: 'high', cause: 'wear', deadline: '2027-02-05T16:00:00.000Z' });
    given(repairs, filed, { type: 'RepairAssigned' }, waiting).becomes({ state: 'waiting', waitingFor: 'parts', updatedAt: minute(2), revision: 2 });
  });
  it('can be confirmed up to a time while it is done, and no longer', () => {
    const done = { type: 'RepairStateChanged', data: { to: 'done', waitingFor: undefined, until: minute(9) } };
    given(repairs, filed, done).becomes({ state: 'done', waitingFor: null, confirmUntil: minute(9) });
    given(repairs, filed, done, waiting).becomes({ confirmUntil: null });
  });
  it('is seen at its site and by who filed it, where anybody with an account did', () => {
    given(repairs, filed).becomes({ seen: [atSite(site), filedBy(requester)] });
    given(repairs, { ...filed, data: { requester: null } }).becomes({ seen: [atSite(site)] });
  });
  it('does not change without being filed, nor begins twice', () => {
    for (const type of LATER) given(repairs, { type }).outOfPlace();
    given(repairs, filed, filed).outOfPlace();
    given(repairDetails, filed, filed).outOfPlace();
    given(repairDetails, { type: 'RepairCommented' }).outOfPlace();
  });
});

describe('the details of a repair request', () => {
  it('are what was said, its steps and its costs, with who it was', () => {
    given(repairDetails, filed, { type: 'RepairCommented', actor: 'bob' }).becomes({
      comments: [{ id: '9e8d7c6b-5a49-4838-8271-605f4e3d2c03', by: 'bob', time: minute(1), text: 'It stopped again.' }],
      authors: ['bob'],
    });
    given(repairDetails, filed, { ...waiting, actor: 'bob' }).becomes({
      steps: [{ time: minute(1), by: 'bob', from: 'assigned', to: 'waiting', waitingFor: 'parts', reason: 'The rope comes on Monday.' }],
      authors: ['bob'],
    });
  });
  it('have no author of what was taken away, or of a step without a word', () => {
    const added = { type: 'RepairCostAdded', actor: 'bob' };
    given(repairDetails, filed, added).becomes({ costs: [expect.objectContaining({ text: 'A new rope' })] as never, authors: ['bob'] });
    given(repairDetails, filed, added, { type: 'RepairCostRemoved' }).becomes({ costs: [], authors: [] });
    given(repairDetails, filed, { ...waiting, data: { reason: undefined } }).becomes({ authors: [] });
  });
});
