/** The circuit breaker of a provider: one that fails again and again comes last for a while, and then one message tries it again. */
import { FateUnknown, ReceiverAway, Refused, type Taken, Unusable } from './sending.ts';

export interface Provider<Message> {
  /** The provider's name in histories, without secrets. */
  label: string;
  send(message: Message, signal: AbortSignal): Promise<Taken>;
}

export interface ProvidersContext {
  /** True for the only provider: of its absence the log of absences tells. */
  alone?: boolean;
  /** The setting that names the providers, for the log. */
  variable: string;
  log: { error?(data: object, message: string): void; info?(data: object, message: string): void };
}

export interface Circuit<Message> {
  label: string;
  /** True while the provider comes after all others. */
  comesLast(): boolean;
  /** False while nothing can be sent, since the provider is away or as it is set, until it is to be tried again. */
  isUsable(): boolean;
  /** Hands the message over, or answers the error where it was surely not taken. Errors: FateUnknown, and any once the signal aborted. */
  send(message: Message, signal: AbortSignal): Promise<Taken | Error>;
}

/** Failures in a row after which a provider comes last, and the milliseconds until it is tried again. */
const FAILURES = 5;
const TRIED_AGAIN_AFTER = 30_000;

export function openCircuit<Message>({ label, send }: Provider<Message>, { variable, log, alone }: ProvidersContext): Circuit<Message> {
  let failures = 0;
  /** The time until which the provider comes last, by the monotonic clock; 0: it comes in its turn. */
  let lastUntil = 0;
  /** Why nothing is handed over meanwhile; undefined where it comes last and is asked yet. */
  let closed: Unusable | ReceiverAway | undefined;

  const isTold = (error: unknown) => alone === true && error instanceof ReceiverAway;

  const comesLast = () => performance.now() < lastUntil;
  const comeLast = () => {
    lastUntil = performance.now() + TRIED_AGAIN_AFTER;
  };

  function works(): void {
    if (lastUntil > 0 && !isTold(closed)) log.info?.({ provider: label }, `${variable}: the provider works again, and comes in its turn`);
    failures = 0;
    lastUntil = 0;
    closed = undefined;
  }

  function failed(error: Error): void {
    failures++;
    closed = failures >= FAILURES && error instanceof ReceiverAway ? error : undefined;
    if (failures === FAILURES && !isTold(error)) log.error?.({ provider: label, err: error }, `${variable}: the provider fails; others come first`);
    if (failures >= FAILURES) comeLast();
  }

  function cannotBeUsed(error: Unusable): void {
    if (!(closed instanceof Unusable)) log.error?.({ provider: label, err: error.cause }, `${variable}: messages wait: ${error.message}`);
    closed = error;
    comeLast();
  }

  function note(outcome: Taken | Error): void {
    // A refusal is an answer.
    if (!(outcome instanceof Error) || outcome instanceof Refused) works();
    else if (outcome instanceof Unusable) cannotBeUsed(outcome);
    else failed(outcome);
  }

  async function tried(message: Message, signal: AbortSignal): Promise<Taken | Error> {
    // The message that tries a provider again does so alone: for all others it still comes last.
    if (lastUntil > 0) comeLast();
    const outcome = await send(message, signal).catch((error: Error) => error);
    if (outcome instanceof Error && signal.aborted) throw outcome;
    note(outcome);
    if (outcome instanceof FateUnknown) throw outcome;
    return outcome;
  }

  return {
    label,
    comesLast,
    isUsable: () => !closed || !comesLast(),
    send: async (message, signal) => (closed && comesLast() ? closed : tried(message, signal)),
  };
}
