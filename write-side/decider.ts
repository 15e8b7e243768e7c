/**
 * A decider holds the rules of one kind of aggregate: pure functions of a command and a state.
 * (After Jérémie Chassaing, "Functional Event Sourcing Decider", 2021.)
 *
 *     export const lamp = decider<LampState, LampCommand, LampEvent>({
 *       initial: { lit: false }, stateVersion: 1,
 *       decide: (_command, { lit }) => (lit ? [] : [{ type: 'LampLit', data: {} }]),
 *       evolve: () => ({ lit: true }), topics: (stream) => [stream.replace('-', ':')],
 *     });
 */
import type { Command, DecidedEvent } from '../contracts/aggregate.ts';
import type { Refusal } from '../contracts/problem.ts';
import type { UniqueValue } from '../platform/command-handler.ts';

/** States of other aggregates that a decision needs, by the names that `needs` gave them; loaded before deciding. */
export type Facts = Record<string, unknown>;

/** An event between two states, and the facts that it was decided on. */
export interface DecidedChange<State, E extends DecidedEvent> {
  before: State;
  event: E;
  after: State;
  facts: Facts;
}

export interface Decider<State, C extends Command, E extends DecidedEvent> {
  /** The state before the first event. */
  initial: State;
  /** Version of State's shape, for kept snapshots: raise it whenever `State` or `evolve` changes. */
  stateVersion: number;
  /** The events to append (none where nothing changes), or a refusal. */
  decide(command: C, state: State, facts: Facts): E[] | Refusal;
  /** The state after one more event. */
  evolve(state: State, event: E): State;
  /** The live topics that hear of a change. */
  topics(stream: string, change: DecidedChange<State, E>): string[];
  /** The streams whose states the decision on this state needs, by the name they get in `facts`. */
  needs?(command: C, state: State): Record<string, string>;
  /** The unique value that this command claims for its aggregate, or all of them; undefined for none. */
  claims?(command: C, state: State): UniqueValue | readonly UniqueValue[] | undefined;
  /** The unique value that an aggregate in this state has, or all of them; undefined for none. */
  holds?(state: State): UniqueValue | readonly UniqueValue[] | undefined;
  /** The events that close an aggregate whose value somebody else wants, where it reserved the value and never took it. */
  abandon?(state: State): E[];
}

// biome-ignore lint/suspicious/noExplicitAny: the registry holds deciders of every kind
export type AnyDecider = Decider<any, any, any>;

/** Checks a decider's type and gives it back. */
export function decider<State, C extends Command, E extends DecidedEvent>(it: Decider<State, C, E>): Decider<State, C, E> {
  return it;
}
