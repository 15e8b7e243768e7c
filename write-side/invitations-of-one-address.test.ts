import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Command } from '../contracts/aggregate.ts';
import { ProblemError } from '../contracts/problem.ts';
import { Unavailable } from '../platform/absences/unavailable.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { inMemoryStore } from '../platform/event-store/in-memory.fixture.ts';
import { invitedValue } from '../platform/shown-email.ts';
import { stableId } from '../platform/stable-id.ts';
import { commandsOn } from '../system/commands.fixture.ts';
import type { InvitationState } from './deciders/invitation.ts';
import { ADMIN, NOW } from './spec.fixture.ts';

const ADDRESS = 'anna@example.org';
const IDS = Array.from({ length: 4 }, (_, n) => stableId('invitation of the test', String(n)));
const USER = stableId('user of the test', '0');

const step = fc.record({
  which: fc.constantFrom(...IDS),
  does: fc.constantFrom('MakeInvitation', 'MakeInvitation', 'SendInvitationAgain', 'WithdrawInvitation', 'AcceptInvitation'),
  address: fc.constantFrom(ADDRESS, 'ANNA@Example.org'),
  dies: fc.boolean(),
  process: fc.nat(1),
});
const DATA = { AcceptInvitation: { userId: USER } } as const;

it('of one address at most one invitation is open, however they are made, sent, taken back and accepted, and whoever dies', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), fc.scheduler(), async (plan, scheduler) => {
      const store = inMemoryStore();
      const interleaved: EventStore = {
        ...store,
        append: async (...its) => {
          await scheduler.schedule(Promise.resolve());
          return store.append(...its);
        },
      };
      const processes = [commandsOn(interleaved), commandsOn(interleaved)];
      const dying = commandsOn({
        ...interleaved,
        append: (stream, ...rest) =>
          stream.startsWith('invitation-') ? Promise.reject(new StoreUnavailable('killed')) : interleaved.append(stream, ...rest),
      });
      const one = async ({ which, does, address, dies, process }: (typeof plan)[number], n: number) => {
        const data = does === 'MakeInvitation' ? { email: address, role: 'member' } : does === 'AcceptInvitation' ? DATA[does] : null;
        const of = { type: does, stream: `invitation-${which}`, id: which, data, commandId: stableId(does, String(n)) };
        const command: Command = { ...of, actor: ADMIN, now: NOW };
        await (dies ? dying : processes[process])?.handle(command, { correlationId: command.commandId }).catch((error: unknown) => {
          if (!(error instanceof ProblemError || error instanceof Unavailable)) throw error;
        });
      };
      await scheduler.waitFor(Promise.all(plan.map(one)));

      const after = commandsOn(store);
      const states = await Promise.all(IDS.map(async (id) => ({ id, ...(await after.load<InvitationState>(`invitation-${id}`)).state })));
      const open = states.filter(({ exists, status }) => exists && status === 'open').map(({ id }) => id);
      expect(open.length).toBeLessThanOrEqual(1);
      expect(await after.holder(invitedValue(ADDRESS))).toBe(open[0] ?? null);
    }),
    { numRuns: 100 },
  );
});
