/**
 * A decider holds the rules of one kind of aggregate: pure functions of a command and a state.
 * (After Jérémie Chassaing, "Functional Event Sourcing Decider", 2021.)
 */
import type { Command, DecidedEvent } from '../contracts/aggregate.ts';
import type { Refusal } from '../contracts/problem.ts';
import type { UniqueValue } from '../platform/command-handler.ts';

/** States of other aggregates that a decision needs, by name: loaded before deciding. */
export type Facts = Record<string, unknown>;

export interface Decider<State, C extends Command, E extends DecidedEvent> {
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
