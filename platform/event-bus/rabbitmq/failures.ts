/** Offers whose handler failed: each comes again, later each time, and in the end lies in the `.dead` queue. */
import type { ConsumeMessage, Options } from 'amqplib';
import { unavailableIn } from '../../absences/unavailable.ts';
import { DeadLetter } from '../event-bus.ts';
import type { WorkQueue } from '../queues.ts';
import type { Offering } from './offers.ts';
import type { BusSession } from './session.ts';
import type { Strangers } from './strangers.ts';
import { DEAD_LIMIT, deadQueueOf, declareDelayQueue, declareWorkQueue, delayQueueOf } from './topology.ts';

/**
 * Moves failed messages. Both resolve when another queue has the message, or none needs it, so that it may be acknowledged, and reject where none has. None
 * needs one that an absence has kept from its last delivery: it is no dead letter, and whoever offered it offers it again.
 */
export interface Failures {
  failed(queue: WorkQueue, message: ConsumeMessage, error: unknown): Promise<void>;
  invalid(queue: WorkQueue, message: ConsumeMessage, why: string): Promise<void>;
}

export interface FailuresOptions {
  offering: Offering;
  strangers: Strangers;
  log: { warn(data: object, message: string): void };
  /** Milliseconds that an offer waits after its first failure, its second, and so on; the last one also after all later failures. */
  steps: readonly number[];
}

/** Characters of the reason that go into a header. */
const REASON = 500;

export function failuresBy({ offering, strangers, log, steps }: FailuresOptions): Failures {
  async function later(queue: WorkQueue, message: ConsumeMessage, times: number): Promise<void> {
    const step = steps[Math.min(times, steps.length) - 1] ?? 0;
    const target = { name: delayQueueOf(queue, step), limit: queue.limit, declare: (session: BusSession) => declareDelayQueue(session, queue, step) };
    await offering.put(target, message.content, { contentType: message.properties.contentType, headers: { attempts: times } });
  }

  /** Puts a message on the `.dead` queue with a broker's headers of a dead letter: the broker's own would come without a reason in words. */
  async function bury(queue: WorkQueue, message: ConsumeMessage, times: number, reason: string): Promise<void> {
    const { fields, properties, content } = message;
    const options: Options.Publish = {
      contentType: properties.contentType,
      headers: {
        attempts: times,
        reason: reason.slice(0, REASON),
        time: new Date().toISOString(),
        'x-first-death-queue': queue.name,
        'x-first-death-exchange': fields.exchange,
        'x-first-death-reason': 'rejected',
      },
    };
    await offering.put({ name: deadQueueOf(queue), limit: DEAD_LIMIT, declare: (session) => declareWorkQueue(session, queue) }, content, options);
  }

  return {
    failed: async (queue, message, error) => {
      const times = deliveriesOf(message);
      if (times < queue.deliveryLimit && !(error instanceof DeadLetter)) return later(queue, message, times);
      if (unavailableIn(error)) return;
      await bury(queue, message, times, error instanceof Error ? error.message : String(error));
      log.warn({ queue: deadQueueOf(queue), err: error, times }, 'an offer failed for good');
    },
    invalid: async (queue, message, why) => {
      await bury(queue, message, 1, why);
      strangers.met(queue.name, message, why);
    },
  };
}

/** Deliveries of an offer, this one included: those whose handler failed and, as the broker counts them, those whose worker died. */
function deliveriesOf({ properties: { headers = {} } }: ConsumeMessage): number {
  return count(headers.attempts) + count(headers['x-delivery-count']) + 1;
}

const count = (header: unknown) => (typeof header === 'number' && Number.isSafeInteger(header) && header > 0 ? header : 0);
