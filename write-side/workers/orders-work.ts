/** The work of an order worker: check an order by the rules, and record the outcome. */
import type { RecordedEvent } from '../../contracts/message.ts';
import type { OrderEvent, Reason } from '../../contracts/order.ts';
import { absencesIn } from '../../platform/absences/absences.ts';
import { orAborted } from '../../platform/concurrency/abortable.ts';
import type { Offer } from '../../platform/event-bus/event-bus.ts';
import { withoutServers } from '../../platform/without-servers.ts';
import { nextAttempt } from '../../platform/work/backoff.ts';
import { leasedWork, type TellingOf, type WorkContext } from '../../platform/work/leased-work.ts';
import type { OrderState, OrderWorkCommand } from '../deciders/order.ts';
import { ORDER_DISPATCHER } from './order-rows.ts';

/** Returns the reasons to reject an order, or none. An order is tried again after an error, or when the signal, which ends a slow judge, aborts. */
export type Judge = (order: OrderState, signal: AbortSignal) => readonly Reason[] | Promise<readonly Reason[]>;

export interface OrderWork extends WorkContext {
  judge: Judge;
  /** The most attempts in all; an error in the last one fails the order. Default 5. */
  attempts?: number;
  random?: () => number;
  /** Milliseconds that a judge is given; default half of the lease. */
  judgeWithin?: number;
}

type Telling = TellingOf<OrderWorkCommand>;
type OrderRecorded = RecordedEvent & OrderEvent;

/** Makes the handler of offers. `lease`: milliseconds, default 10,000. Errors: those of `leasedWork`. */
export function orderWorker(context: OrderWork): (offer: Offer) => Promise<void> {
  const { judge, worker, log, attempts = 5, now = () => new Date(), random = Math.random, lease = 10_000, judgeWithin = lease / 2 } = context;

  return leasedWork<OrderState, Telling, object>(
    { ...context, lease },
    {
      dispatcher: ORDER_DISPATCHER.name,
      begins: ({ type }) => type === 'OrderPlaced',
      prepare: async () => ({}),
      lease: (until, waited) => ({ type: 'LeaseOrder', data: { worker, until, lease, ...(waited ? { waited } : {}), attempts } }),
      renew: (renewal) => ({ type: 'RenewOrder', data: { ...renewal, worker, lease } }),
      longest: judgeWithin,
      attempt: ({ stream, state }, { over }) => judged(state, over).catch((error: unknown) => wrong(stream, state, error)),
      fails: 'FailOrder',
      failure: (last) => {
        const { type, data } = last as OrderRecorded;
        return type === 'OrderFailed' ? data.reason : undefined;
      },
    },
  );

  async function judged(state: OrderState, over: AbortSignal): Promise<Telling> {
    const reasons = await orAborted(Promise.resolve(judge(state, over)), over);
    if (!reasons) throw over.reason;
    return { type: 'DecideOrder', data: { attempt: state.attempts, reasons: [...reasons] } };
  }

  function wrong(stream: string, state: OrderState, error: unknown): Telling {
    const attempt = state.attempts;
    const reason = withoutServers(error instanceof Error ? error.message : String(error)).slice(0, 1_000);
    if (!absencesIn(log).failed(error)) log.warn({ stream, attempt, err: error }, 'an order could not be worked');
    const at = now();
    const nextAttemptAt = nextAttempt(state, { attempts, now: at, random: random() });
    if (!nextAttemptAt) return { type: 'FailOrder', data: { attempt, reason } };
    return { type: 'DeferOrder', data: { attempt, error: reason, nextAttemptAt, wait: Date.parse(nextAttemptAt) - at.getTime() } };
  }
}
