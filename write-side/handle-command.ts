/** The command handler: load, decide, append, answer. The functions that wrap these steps (lost races, appends of unknown fate) stand below. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Command, DecidedEvent } from '../contracts/aggregate.ts';
import { eventContract } from '../contracts/catalog.ts';
import { categoryOf, idOf, isForwardable, type NewEvent, NO_STREAM, type RecordedEvent } from '../contracts/message.ts';
import { ProblemError, type Refusal } from '../contracts/problem.ts';
import { Unavailable } from '../platform/absences/unavailable.ts';
import type { CommandContext, CommandHandler, Loaded, Outcome } from '../platform/command-handler.ts';
import { turns } from '../platform/concurrency/stream-turns.ts';
import {
  type Appended,
  AppendUnknown,
  type EventStore,
  StoreOverloaded,
  StoreUnavailable,
  StreamGone,
  WrongExpectedRevision,
} from '../platform/event-store/event-store.ts';
import { deletedForGood, refuseIncomplete } from '../platform/incomplete.ts';
import { eventId } from '../platform/stable-id.ts';
import type { AnyDecider, Facts } from './decider.ts';
import { deciders } from './deciders.ts';
import { type KeptState, keptStates } from './kept-states.ts';
import { type CommandPatience, patienceOf } from './patience.ts';
import { reservations } from './reserve.ts';

export interface CommandHandlerOptions {
  store: EventStore;
  /** Hashes a text under a key of the installation, so that the names of reservations hold no readable value. */
  hmac(text: string): string;
  log: { warn(data: object, message: string): void };
  /** Counts the outcomes of commands, for /metrics. */
  count?(outcome: 'accepted' | 'unchanged' | 'repeated' | 'refused' | 'lost race' | 'ambiguous'): void;
  /** Milliseconds from a command's arrival until its caller is told at the latest, waiting for its turn and repeated appends among them; default 5,000. */
  deadline?: number;
}

/** The command handler as the part that opens it has it. */
export interface OpenCommandHandler extends CommandHandler {
  /** To be called before the first command: `reserveAnew` of reserve.ts. Resolves to the number of values reserved anew. */
  reserveAnew(): Promise<number>;
  /** Forgets all states in memory: somebody was erased whose texts they may have. */
  forget(): void;
  /** Resolves once the snapshots under way are written. */
  settle(): Promise<void>;
}

/** Refusals that are answered before If-Match is checked (RFC 9110, 13.2.1). */
const HIDDEN: ReadonlySet<string> = new Set(['not_found', 'forbidden']);
/** Number of lost races in a row after which the client is told. */
const RACES = 5;

/** Makes the handler that every command goes through. Errors of `handle`: ProblemError, those of the event store, and bugs. */
export function commandHandler(options: CommandHandlerOptions): OpenCommandHandler {
  const { store, hmac, count = () => {}, deadline = 5_000 } = options;
  const kept = keptStates(store, deciderOf, options.log);
  const inTurn = turns();
  const unique = reservations({ store, deciderOf, hasUnique, load: kept.load, close, hmac });

  async function handleOnce(command: Command, context: CommandContext, patience: CommandPatience): Promise<Outcome> {
    // 1. Load the aggregate's state, and with it the commands it has answered.
    const { stream } = command;
    const decider = deciderOf(stream);
    const loaded = await kept.load(stream);
    // 2. A repeated command gets its first answer again; another one is decided on a whole state alone.
    const answered = repeated(loaded, command, context);
    if (answered) return note('repeated', answered);
    refuseIncomplete(loaded);
    if (loaded.gone) throw deletedForGood(undefined);
    await context.admit?.();
    // 3. Decide, 4. on what the caller has seen.
    let { facts, decided } = await decideOn(decider, command, loaded, context);
    if (decided.length === 0) return note('unchanged', { revision: loaded.revision, position: loaded.position, changed: false });
    // 5. Reserve what must be unique; and decide anew, since whoever had the reservation before may have changed what was decided on.
    patience.check();
    if (await reserved(decider, command, loaded)) ({ facts, decided } = await decideOn(decider, command, loaded, context));
    // 6. Append at the exact revision that was loaded.
    const events = envelopes(decider, stream, loaded, { decided, command, context, facts });
    patience.check();
    const appended = await patience.during(appendUntilKnown(stream, loaded.revision, events, patience));
    // 7. Answer.
    remember(stream, loaded, events, appended);
    return note('accepted', { ...appended, changed: true });
  }

  function note(what: 'accepted' | 'unchanged' | 'repeated', outcome: Outcome): Outcome {
    count(what);
    return outcome;
  }

  async function decideOn(decider: AnyDecider, command: Command, loaded: KeptState, context: CommandContext) {
    const facts = await factsFor(decider, command, loaded.state);
    return { facts, decided: accepted(decider.decide(command, loaded.state, facts), loaded, context) };
  }

  /** Reserves what a command claims, one after the other; false where it claims nothing. */
  async function reserved(decider: AnyDecider, command: Command, { state, revision }: KeptState): Promise<boolean> {
    const claims = [decider.claims?.(command, state) ?? []].flat();
    for (const claim of claims) await unique.reserve(claim, { stream: command.stream, commandId: command.commandId, revision });
    return claims.length > 0;
  }

  async function factsFor(decider: AnyDecider, command: Command, state: unknown): Promise<Facts> {
    const facts: Facts = {};
    for (const [name, stream] of Object.entries(decider.needs?.(command, state) ?? {})) {
      const fact = await kept.load(stream);
      refuseIncomplete(fact);
      facts[name] = fact.state;
    }
    return facts;
  }

  /** Repeats an append of unknown fate, with the same ids at the same revision, until its fate is known or the patience has ended. */
  async function appendUntilKnown(stream: string, revision: number, events: NewEvent[], patience: CommandPatience): Promise<Appended> {
    let fate = await tryAppend(stream, revision, events);
    for (let wait = 20; fate instanceof AppendUnknown; wait = Math.min(wait * 2, 500)) {
      count('ambiguous');
      if (patience.left() < wait) throw fate;
      await delay(wait);
      fate = await tryAppend(stream, revision, events, fate);
    }
    return fate;
  }

  async function tryAppend(stream: string, revision: number, events: NewEvent[], before?: AppendUnknown): Promise<Appended | AppendUnknown> {
    try {
      return await store.append(stream, revision, events);
    } catch (error) {
      return unknownFate(error, before);
    }
  }

  /** Adds the appended events to the kept state. All get the position of the last one, the only one that is known and ever asked for. */
  function remember(stream: string, loaded: KeptState, events: NewEvent[], appended: Appended): void {
    const { position } = appended;
    const recorded = events.map((event, index): RecordedEvent => ({ ...event, stream, revision: loaded.revision + 1 + index, position, time: '' }));
    if (recorded.at(-1)?.revision === appended.revision) kept.add(stream, loaded, recorded);
  }

  async function close(stream: string, loaded: Loaded<unknown>, causationId: string): Promise<void> {
    const decider = deciderOf(stream);
    const decided = decider.abandon?.(loaded.state) ?? [];
    // A stream with a tombstone is closed as no event of ours could close it.
    if (decided.length === 0 || loaded.gone) return;
    const command: Command = {
      type: 'Close',
      stream,
      id: idOf(stream),
      data: null,
      commandId: eventId(causationId, stream, loaded.revision + 1),
      actor: { id: 'system', role: 'system', seesAll: true },
      now: '',
    };
    const context = { correlationId: causationId };
    await appendUntilKnown(
      stream,
      loaded.revision,
      envelopes(decider, stream, loaded, { decided, command, context, facts: {} }),
      patienceOf(deadline),
    );
  }

  return {
    handle: async (command, context) => {
      const patience = patienceOf(deadline);
      try {
        return await patience.bounds(
          inTurn(command.stream, () => {
            patience.check();
            return afterLostRaces(() => handleOnce(command, context, patience), count);
          }),
        );
      } catch (error) {
        if (error instanceof ProblemError || error instanceof Unavailable) count('refused');
        throw error;
      }
    },
    load: async <State>(stream: string) => (await kept.load(stream)) as Loaded<State>,
    holder: async (value) => {
      const stream = await unique.holder(value);
      return stream && idOf(stream);
    },
    reserveAnew: unique.reserveAnew,
    forget: kept.forget,
    settle: kept.settle,
  };
}

const byCategory = new Map<string, AnyDecider>(Object.entries(deciders));

function deciderOf(stream: string): AnyDecider {
  const decider = byCategory.get(categoryOf(stream));
  if (!decider) throw new Error(`no decider for ${stream}`);
  return decider;
}

function hasUnique(stream: string): boolean {
  return byCategory.get(categoryOf(stream))?.holds !== undefined;
}

function repeated(loaded: KeptState, command: Command, context: CommandContext): Outcome | undefined {
  const before = loaded.commands.get(command.commandId);
  if (!before) return undefined;
  if (before.bodyHash === context.bodyHash) return { revision: before.revision, position: before.position, changed: true };
  throw new ProblemError('invalid', 'This Idempotency-Key was used on this path with another body. Use a new key for a new command.', {
    errors: [{ pointer: 'Idempotency-Key', detail: 'belongs to another body' }],
  });
}

/** The unknown fate of an append after an error: a try that the store did not take says nothing of the try before. Any other error is thrown. */
function unknownFate(error: unknown, before: AppendUnknown | undefined): AppendUnknown {
  if (error instanceof AppendUnknown) return error;
  if (before && (error instanceof StoreOverloaded || error instanceof StoreUnavailable)) return before;
  throw error;
}

/** The decided events. If-Match is checked after the HIDDEN refusals, so that it tells nothing of what callers may not see. Error: ProblemError. */
function accepted(decided: DecidedEvent[] | Refusal, loaded: Loaded<unknown>, context: CommandContext): DecidedEvent[] {
  const refused = 'refused' in decided ? decided : undefined;
  if (!refused || !HIDDEN.has(refused.refused)) checkIfMatch(loaded, context);
  if ('refused' in decided) throw refusal(decided);
  return decided;
}

function checkIfMatch(loaded: Loaded<unknown>, { ifMatch }: CommandContext): void {
  // An aggregate that is being made has no revision that anybody could have seen.
  if (!ifMatch || loaded.revision === NO_STREAM || ifMatch.includes(loaded.revision)) return;
  throw new ProblemError('conflict', 'It has changed since you read it. Read it again, and decide again.', {
    status: 412,
    headers: { ETag: `"${loaded.revision}"` },
    errors: [{ pointer: 'If-Match', detail: `is not the present revision "${loaded.revision}"` }],
  });
}

function refusal({ refused, detail, errors }: Refusal): ProblemError {
  return new ProblemError(refused, detail, { errors });
}

function answerable(error: unknown): unknown {
  return error instanceof StreamGone ? deletedForGood(error) : error;
}

/** Decides again after a lost race, RACES times in all; then the client is told. */
async function afterLostRaces(attempt: () => Promise<Outcome>, count: (what: 'lost race') => void): Promise<Outcome> {
  for (let race = 0; race < RACES; race++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof WrongExpectedRevision)) throw answerable(error);
      count('lost race');
    }
  }
  throw new ProblemError('conflict', `Others changed it ${RACES} times meanwhile. Try again.`, { headers: { 'Retry-After': '1' } });
}

/** Decided events in their envelopes: ids from the command, topics from the states before and after each. */
function envelopes(
  decider: AnyDecider,
  stream: string,
  loaded: Loaded<unknown>,
  { decided, command, context, facts }: { decided: DecidedEvent[]; command: Command; context: CommandContext; facts: Facts },
): NewEvent[] {
  if (!isForwardable(stream)) throw new Error(`${stream} is not an aggregate's stream`);
  let before = loaded.state;
  return decided.map((event, index) => {
    const after = decider.evolve(before, event);
    const topics = decider.topics(stream, { before, event, after, facts });
    before = after;
    return {
      id: eventId(command.commandId, stream, index),
      type: event.type,
      data: event.data,
      metadata: {
        $correlationId: context.correlationId,
        $causationId: command.commandId,
        commandId: command.commandId,
        ...(context.bodyHash ? { bodyHash: context.bodyHash } : {}),
        actor: command.unnamed ? 'anonymous' : command.actor.id,
        schema: eventContract(event.type)?.version ?? 1,
        ...(context.traceparent ? { traceparent: context.traceparent } : {}),
        topics,
      },
    };
  });
}
