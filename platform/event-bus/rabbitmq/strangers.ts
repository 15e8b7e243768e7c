/** Messages on our queues that are not ours or not valid: each is counted, and up to twenty a minute are logged. */
import type { ConsumeMessage } from 'amqplib';

export interface Strangers {
  /** Counts a message and logs it, unless it was delivered before. */
  met(queue: string, message: ConsumeMessage, why: string): void;
}

export interface StrangersOptions {
  log: { warn(data: object, message: string): void };
  count(what: 'invalid', by: number): void;
}

/** Messages logged in a minute. */
const MOST = 20;
const MINUTE = 60_000;

export function meetingStrangers({ log, count }: StrangersOptions): Strangers {
  let logged = 0;
  let since = Number.NEGATIVE_INFINITY;

  function mayLog(): boolean {
    if (performance.now() - since > MINUTE) {
      since = performance.now();
      logged = 0;
    }
    logged++;
    if (logged === MOST + 1) log.warn({}, 'more such messages within a minute are counted and not logged');
    return logged <= MOST;
  }

  return {
    met: (queue, { fields, properties, content }, why) => {
      if (fields.redelivered) return;
      count('invalid', 1);
      const { messageId, type, appId } = properties;
      const about = { queue, exchange: fields.exchange, key: fields.routingKey, messageId, type, appId, bytes: content.length, why };
      if (mayLog()) log.warn(about, 'a message that is not ours, or not valid, is left out');
    },
  };
}
