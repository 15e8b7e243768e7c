import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { given } from '../spec.fixture.ts';
import { complaintEntries } from './complaint-entries.ts';
import { complaints } from './complaints.ts';

const filed = { type: 'ComplaintFiled' };
const anonymous = { type: 'ComplaintFiled', data: { ...(exampleEvent('ComplaintFiled').data as object), filedBy: null } };
const resolved = { type: 'ComplaintStatusChanged', data: { from: 'filed', to: 'resolved' } };

describe('a complaint', () => {
  it('is as it was filed, then as it was changed', () => {
    given(complaints, filed).becomes({ status: 'filed', escalated: 0, labels: [], cause: 'heating', revision: 0 });
    given(complaints, filed, { type: 'ComplaintEdited', data: { labels: ['cold'], priority: 'urgent' } }).becomes({
      ...{ labels: ['cold'], priority: 'urgent', revision: 1 },
    });
    given(complaints, filed, { type: 'ComplaintEscalated' }, resolved).becomes({ status: 'resolved', escalated: 1, revision: 2 });
    given(complaints, filed, { type: 'ComplaintEscalated' }, resolved, { type: 'ComplaintReopened' }).becomes({
      status: 'in-progress',
      escalated: 0,
    });
  });
  it('is found by its words and labels, by its site, and by who filed it, where that is known', () => {
    const { site, filedBy } = exampleEvent('ComplaintFiled').data as { site: string; filedBy: string };
    given(complaints, filed).becomes({ seen: [`site ${site}`, `user ${filedBy}`] });
    given(complaints, anonymous).becomes({ seen: [`site ${site}`] });
  });
  it('does not go on without having been filed', () => given(complaints, resolved).outOfPlace());
});

describe('a line of a complaint', () => {
  it.each([
    ['ComplaintFiled', { kind: 'filed', status: 'filed', author: null }],
    ['ComplaintStatusChanged', { kind: 'status', status: 'acknowledged', author: null }],
    ['ComplaintReopened', { kind: 'reopened', status: 'in-progress' }],
    ['ComplaintEscalated', { kind: 'escalated', author: null }],
    ['ComplaintEdited', { kind: 'edited' }],
    ['ComplaintReplied', { kind: 'reply', text: 'Somebody comes on Tuesday.', author: exampleEvent('ComplaintReplied').metadata.actor }],
    ['ComplaintNoted', { kind: 'note', text: 'The third time this winter.' }],
  ])('%s is told with who did it', (type, expected) => {
    const event = exampleEvent(type);
    expect(complaintEntries.evolve(undefined, event)).toMatchObject({ ...expected, by: event.metadata.actor, revision: event.revision });
  });
});
