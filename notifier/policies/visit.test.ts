import { expect, it } from 'vitest';
import { catalog, exampleEvent } from '../../contracts/catalog.ts';
import { visitPolicy } from './visit.ts';

const ARRIVALS = ['VisitorArrived', 'VisitorWalkedIn'];
const DESK = '7e3f1b7e-2d79-4a5b-8f2a-8c9d0e1f2a04';
const byDesk = (type: string) => {
  const event = exampleEvent(type, { revision: 1 });
  return { ...event, metadata: { ...event.metadata, actor: DESK } };
};

it.each(ARRIVALS)('%s is told to the host', (type) => {
  const event = byDesk(type);
  const { host } = event.data as { host: string };
  const about = { stream: event.stream, revision: 1 };
  expect(visitPolicy(event)).toEqual([{ channel: 'in-app', kind: 'visitor_arrived', recipient: { userId: host }, about }]);
});

it.each(ARRIVALS)('%s is told to nobody who let them in themselves, nor where nobody is visited', (type) => {
  const event = byDesk(type);
  const { host } = event.data as { host: string };
  expect(visitPolicy({ ...event, metadata: { ...event.metadata, actor: host } })).toEqual([]);
  expect(visitPolicy({ ...event, data: { ...(event.data as object), host: null } })).toEqual([]);
});

it('nothing else of a visit is told', () => {
  const types = catalog.flatMap(({ category, events }) => (category === 'visit' ? Object.keys(events) : []));
  expect(types.filter((type) => visitPolicy(byDesk(type)).length > 0).toSorted()).toEqual(ARRIVALS.toSorted());
});
