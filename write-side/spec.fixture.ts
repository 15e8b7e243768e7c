/** Specifications of deciders: given events, when a command, then events or a refusal. */
import { expect } from 'vitest';
import type { Actor, Command, DecidedEvent } from '../contracts/aggregate.ts';
import type { Refusal } from '../contracts/problem.ts';
import type { Decider, Facts } from './decider.ts';

export const ALICE: Actor = { id: '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01', role: 'member', seesAll: true };
export const BOB: Actor = { id: '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02', role: 'member', seesAll: true };
export const ADMIN: Actor = { id: 'ad000000-0000-4000-8000-000000000003', role: 'admin', seesAll: true };
export const NOW = '2026-11-21T09:00:00.000Z';

/** A command with all its fields: Alice's on one task, but for what `more` gives. */
export function command<C extends Command>(type: C['type'], data: unknown, more: Partial<Command> = {}): C {
  const id = more.id ?? '7d9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e07';
  const commandId = '6c1f7f8e-6d1c-4c36-9d5c-6f6f3f0c1a01';
  return { type, stream: `any-${id}`, id, data, commandId, actor: ALICE, now: NOW, ...more } as unknown as C;
}

/** `given(task, …events).when(command, facts?).then([...])` or `.refuses(code)`. */
export function given<S, C extends Command, E extends DecidedEvent>(decider: Decider<S, C, E>, ...events: E[]) {
  const state = events.reduce(decider.evolve, decider.initial);
  return {
    when: (it: C, facts: Facts = {}) => {
      const decided = decider.decide(it, state, facts);
      return {
        // biome-ignore lint/suspicious/noThenProperty: given, when, then; nobody awaits it
        then: (...expected: E[]) => expect(decided).toEqual(expected),
        refuses: (code: Refusal['refused'], pointer?: string) => {
          expect(decided).toMatchObject({ refused: code });
          if (pointer) expect((decided as Refusal).errors?.map((error) => error.pointer)).toContain(pointer);
        },
      };
    },
  };
}
