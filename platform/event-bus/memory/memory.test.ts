import { expect, it } from 'vitest';
import { exampleEvent } from '../../../contracts/catalog.ts';
import { START } from '../../../contracts/message.ts';
import { describeEventBus } from '../event-bus.suite.ts';
import { openEventBus } from '../open.ts';
import { EVERYTHING, EXAMPLE_QUEUES } from '../queues.fixture.ts';

const log = { info: () => {}, warn: () => {} };

describeEventBus('the event bus in memory', (queues) => openEventBus('memory:', { queues, log }));

it('counts what it dropped at a queue’s head', async () => {
  const queue = { ...EVERYTHING, limit: 3 };
  const bus = await openEventBus('memory:', { queues: [queue], log });
  const ending = new AbortController();
  await bus.follow(queue, { signal: ending.signal, max: 1 })[Symbol.asyncIterator]().next();
  const publisher = await bus.publisher(ending.signal);
  const message = { event: exampleEvent('TaskCreated'), previous: START, previousInCategory: START };
  await publisher.publish(Array.from({ length: 10 }, () => message));
  expect(await bus.queues()).toEqual([{ name: 'everything', kind: 'follower', depth: 3, consumers: 1, dropped: 7 }]);
  await bus.close();
});

it('names what it cannot open', async () => {
  await expect(openEventBus('kafka://localhost', { queues: EXAMPLE_QUEUES, log })).rejects.toThrow('BUS_URL: there is no event bus for kafka: here');
});
