/**
 * Several providers of one channel, in order, each behind a circuit breaker: a message that one has surely not taken goes to the next. One that
 * failed five times in a row comes last for half a minute; then one message tries it again. What a provider may have taken goes to no other.
 *
 *     const send = throughProviders([{ label: 'main', send: main.send }, { label: 'spare', send: spare.send }], { variable: 'MAIL_URL', log });
 *     const { provider } = await send(mail, signal);
 */
import { type Circuit, openCircuit, type Provider, type ProvidersContext } from './circuit.ts';
import { isWaiting, NotNow, ReceiverAway, Refused, type Taken } from './sending.ts';

export type { ProvidersContext };

export interface Providers<Message> {
  /** Errors: those of sending.ts, Refused only where all that could be used refused; ReceiverAway and Unusable only where nobody could be asked. */
  send(message: Message, signal: AbortSignal): Promise<Taken>;
  /** False while no provider can be used, until one is to be tried again. */
  isUsable(): boolean;
}

/** Makes one sender of several. Where there is one provider, its label is in no history. */
export function throughProviders<Message>(given: readonly Provider<Message>[], context: ProvidersContext): Providers<Message> {
  const circuits = given.map((one) => openCircuit(one, { ...context, alone: given.length === 1 }));

  async function send([circuit, ...others]: Circuit<Message>[], handed: [Message, AbortSignal], errors: Error[] = []): Promise<Taken> {
    if (!circuit) throw together(errors);
    const taken = await circuit.send(...handed);
    if (taken instanceof Error) return send(others, handed, [...errors, taken]);
    return given.length > 1 ? { ...taken, provider: circuit.label } : taken;
  }

  return {
    send: (message, signal) => send(inOrder(circuits), [message, signal]),
    isUsable: () => circuits.some((one) => one.isUsable()),
  };
}

/** The providers in their order, those last that failed again and again. */
function inOrder<C extends Pick<Circuit<unknown>, 'comesLast'>>(circuits: readonly C[]): C[] {
  const isLast = new Map(circuits.map((one) => [one, one.comesLast()]));
  return [...circuits.filter((one) => !isLast.get(one)), ...circuits.filter((one) => isLast.get(one))];
}

/** The error for a message that no provider took: the one that leaves the most hope. */
function together(errors: readonly Error[]): Error {
  const usable = errors.filter((error) => !isWaiting(error));
  // One that is away may take what others refused. Such a message takes attempts all the same: the others are asked each time.
  const away = errors.find((error) => error instanceof ReceiverAway);
  if (away && usable.length > 0 && usable.every((error) => error instanceof Refused)) return new Error(away.message, { cause: away });
  const passing = usable.filter((error) => !(error instanceof Refused));
  const soonest = passing.reduce<Error | undefined>((best, one) => (best && askedFor(best) <= askedFor(one) ? best : one), undefined);
  return soonest ?? usable[0] ?? errors[0] ?? new Error('there is no provider');
}

/** Milliseconds after which a provider asked to be tried again. */
function askedFor(error: Error): number {
  return error instanceof NotNow ? error.after : 0;
}

/** True for the URL of a process that sends nothing: another one does, and it alone knows where to. */
export function isElsewhere(url: unknown): boolean {
  return url === 'elsewhere:';
}

/** The URLs of a setting that takes several, with blanks between them. */
export function urlsIn(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** The problem with the labels of providers: each tells one. Undefined for none. */
export function labelsProblem(labels: readonly (string | undefined)[]): string | undefined {
  const named = labels.map((label, index) => label ?? String(index + 1));
  if (!named.every((label) => /^[\w-]{1,40}$/.test(label))) return 'must have as a label letters, digits, _ and -, at most 40';
  return new Set(named).size < named.length ? 'must give each of its URLs another label' : undefined;
}
