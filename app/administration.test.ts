import { expect, it } from 'vitest';
import { BusUnavailable, type EventBus } from '../platform/event-bus/event-bus.ts';
import { administration } from './administration.ts';

it('the absence of the broker is 503 for who asks for the queues, and any other error is itself', async () => {
  const failing = (error: Error) => administration({ bus: { queues: () => Promise.reject(error) } as Partial<EventBus> } as never).queues();
  await expect(failing(new BusUnavailable('it stands still'))).rejects.toMatchObject({ code: 'unavailable', status: 503 });
  await expect(failing(new RangeError('a bug'))).rejects.toThrow(RangeError);
});
