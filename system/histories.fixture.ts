/** Random histories: commands of any kind, in any order, by the real deciders; and notifications as the notifier records them. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Actor, Command } from '../contracts/aggregate.ts';
import { eventContract } from '../contracts/catalog.ts';
import { type NewEvent, NO_STREAM } from '../contracts/message.ts';
import { notificationContract } from '../contracts/notification.ts';
import { STATUSES } from '../contracts/task.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { eventId } from '../platform/stable-id.ts';
import type { AnyDecider } from '../write-side/decider.ts';
import { task } from '../write-side/deciders/task.ts';
import { initial as nobody, user } from '../write-side/deciders/user.ts';

/** One event on its way into a stream of a history. */
export interface Step {
  stream: string;
  expected: number;
  event: NewEvent;
}

const ids = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const anyId = fc.constantFrom(...ids);
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((it) => it.trim() !== '' && it.isWellFormed() && !/\p{Cc}/u.test(it));
const labels = fc.array(fc.constantFrom('electrics', 'hall', 'roof'), { maxLength: 3 });
const priority = fc.constantFrom('low', 'normal', 'high', 'urgent');
const deadline = fc.constantFrom('2027-01-31T17:00:00+01:00', '2027-02-01T00:00:00Z');

const taskCommand = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('CreateTask'),
      data: fc.record({ title: text, description: text, userId: anyId, deadline, priority, labels }, { requiredKeys: ['title'] }),
    }),
  },
  fc.record({
    type: fc.constant('EditTask'),
    data: fc.record({ title: text, description: text, deadline: fc.option(deadline), labels }, { requiredKeys: [] }),
  }),
  fc.record({ type: fc.constant('AssignTask'), data: fc.record({ userId: fc.option(anyId) }) }),
  fc.record({ type: fc.constant('ChangeTaskStatus'), data: fc.record({ status: fc.constantFrom(...STATUSES) }) }),
  fc.record({ type: fc.constant('CommentTask'), data: fc.record({ text }) }),
  fc.record({ type: fc.constantFrom('DeleteTask', 'RestoreTask'), data: fc.constant(null) }),
);
const userCommand = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('RegisterUser'), data: fc.record({ name: text, email: fc.emailAddress() }) }) },
  fc.record({ type: fc.constant('EditUser'), data: fc.record({ name: text, email: fc.emailAddress() }, { requiredKeys: [] }) }),
  fc.record({ type: fc.constant('ChangeUserRole'), data: fc.record({ role: fc.constantFrom('member', 'staff') }) }),
  fc.record({ type: fc.constantFrom('ConfirmUser', 'DeleteUser'), data: fc.constant(null) }),
);
const notificationEvent = fc.constantFrom(...Object.keys(notificationContract.events));
const action = fc.record({
  id: anyId,
  it: fc.oneof(
    { weight: 6, arbitrary: fc.record({ category: fc.constant('task'), command: taskCommand }) },
    { weight: 2, arbitrary: fc.record({ category: fc.constant('user'), command: userCommand }) },
    {
      weight: 2,
      arbitrary: fc.record({ category: fc.constant('notification'), command: fc.record({ type: notificationEvent, data: fc.constant(null) }) }),
    },
  ),
});

/** Up to `maxLength` commands; those that the deciders refuse leave nothing. */
export function histories(maxLength = 60): fc.Arbitrary<Step[]> {
  return fc.array(action, { maxLength, minLength: 1, size: 'max' }).map((actions) => {
    const states = new Map<string, { state: unknown; revision: number }>();
    return actions.flatMap(({ id, it }) => steps(states, it.category, id, it.command));
  });
}

const deciders: Record<string, AnyDecider> = { task, user };
const admin: Actor = { id: '00000000-0000-4000-8000-0000000000ad', role: 'admin', seesAll: true };
const facts = Object.fromEntries(ids.map((id) => [id, { ...nobody, exists: true }]));

function steps(
  states: Map<string, { state: unknown; revision: number }>,
  category: string,
  id: string,
  { type, data }: { type: string; data: unknown },
): Step[] {
  const stream = `${category}-${id}`;
  const decider = deciders[category];
  const before = states.get(stream) ?? { state: decider?.initial, revision: NO_STREAM };
  const commandId = randomUUID();
  const command: Command = { type, stream, id, data, commandId, actor: admin, now: '2026-11-21T09:00:00.000Z' };
  const decided = decider ? decider.decide(command, before.state, facts) : recorded(type, before.revision);
  if ('refused' in decided) return [];
  return decided.map((event, index) => {
    const at = states.get(stream) ?? before;
    states.set(stream, { state: decider?.evolve(at.state, event), revision: at.revision + 1 });
    const metadata = {
      $correlationId: commandId,
      $causationId: commandId,
      commandId,
      actor: admin.id,
      schema: eventContract(event.type)?.version ?? 1,
      topics: [],
    };
    return { stream, expected: at.revision, event: { id: eventId(commandId, stream, index), ...event, metadata } };
  });
}

/** A notification is requested first, and once. */
function recorded(type: string, revision: number): { type: string; data: unknown }[] {
  if ((type === 'NotificationRequested') !== (revision === NO_STREAM)) return [];
  return [{ type, data: notificationContract.events[type as keyof typeof notificationContract.events].example }];
}

/** Appends a history, event by event. */
export async function append(store: EventStore, history: readonly Step[]): Promise<void> {
  for (const { stream, expected, event } of history) await store.append(stream, expected, [event]);
}
