/**
 * A decider holds the rules of one kind of aggregate: pure functions of a command and a state.
 * (After Jérémie Chassaing, "Functional Event Sourcing Decider", 2021.)
 */
import type { Command, DecidedEvent } from '../contracts/catalog.ts';
import type { Refusal } from '../contracts/problem.ts';

/** A value that one aggregate at a time may have. */
export interface UniqueValue {
  /** Names the kind of value, as `email`. */
  kind: string;
  /** Normalised so that equal values are equal text. */
  value: string;
}

/** States of other aggregates that a decision needs, by name: loaded before deciding. */
export type Facts = Record<string, unknown>;

export interface Decider<State, C extends Command, E extends DecidedEvent> {
  category: string;
  /** The state before the first event. */
  initial: State;
  /** Version of State's shape, for kept snapshots: raise it whenever `State` or `evolve` changes. */
  stateVersion: number;
  /** Events to add, none when nothing changes, or why not. */
  decide(command: C, state: State, facts: Facts): E[] | Refusal;
  /** The state after one more event. */
  evolve(state: State, event: E): State;
  /** Who hears live of an event between these two states. */
  topics(stream: string, before: State, event: E, after: State): string[];
  /** Streams whose states the decision needs, by the name they have in `facts`. */
  needs?(command: C): Record<string, string>;
  /** A value this command claims for its aggregate. */
  claims?(command: C, state: State): UniqueValue | undefined;
  /** The unique value that the aggregate in this state has. */
  holds?(state: State): UniqueValue | undefined;
  /** The event that closes an aggregate which reserved a value and did not take it. */
  abandon?(state: State): E[];
}

// biome-ignore lint/suspicious/noExplicitAny: the registry holds deciders of every kind
export type AnyDecider = Decider<any, any, any>;

/** Checks a decider's type and gives it back. */
export function decider<State, C extends Command, E extends DecidedEvent>(it: Decider<State, C, E>): Decider<State, C, E> {
  return it;
}

/** An aggregate as the store has it. */
export interface Loaded<State> {
  state: State;
  /** NO_STREAM where there is none. */
  revision: number;
  /** Position of the last event; START where there is none. */
  position: string;
}

/** What a command did. */
export interface Outcome {
  /** Revision of the stream after the command (that of its own last event, for a repeat). */
  revision: number;
  /** Position of the last forwardable event of it. */
  position: string;
  /** False where nothing changed. */
  changed: boolean;
}

/** What comes with a command from outside: who repeats what, and which revision it is meant for. */
export interface CommandContext {
  correlationId: string;
  /** Keyed hash of the body as sent. */
  bodyHash?: string;
  traceparent?: string;
  /** Asked once it is known to be no repeat, before it is decided; what it rejects with is the answer. */
  admit?(): Promise<void>;
  /** From If-Match: the revisions the caller has seen. */
  ifMatch?: readonly number[];
}

/** Loads and decides. Made by `commandHandler` in handle-command.ts; any part may use it. */
export interface CommandHandler {
  /** Numbered steps: load, decide, append, answer. Rejects with ProblemError for a refusal. */
  handle(command: Command, context: CommandContext): Promise<Outcome>;
  /** State of any stream, as new as the store. */
  load<State>(stream: string): Promise<Loaded<State>>;
  /** Who holds a unique value: the id of the aggregate, or null. */
  holder(value: UniqueValue): Promise<string | null>;
}
