import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleEvent } from '../../contracts/catalog.ts';
import { notificationContract } from '../../contracts/notification.ts';
import { registrationPolicy, taskPolicy } from './policies.ts';

const ALICE = '0b9f2b2e-93f4-4f6e-8a55-0c1f5a3d2e01';
const BOB = '5c1d9a5e-0b57-4e39-9d0e-6a7b8c9d0e02';
const about = (type: string, revision = 0) => ({ stream: exampleEvent(type).stream, revision });

describe('of a task', () => {
  it('the creation is told to the one it is for', () =>
    expect(taskPolicy(exampleEvent('TaskCreated'))).toEqual([
      { channel: 'email', kind: 'task_created', recipient: { userId: BOB }, about: about('TaskCreated') },
    ]));
  it('the creation is told to its maker where it is for nobody', () => {
    const { userId: _, ...data } = exampleEvent('TaskCreated').data as { userId: string };
    expect(taskPolicy(exampleEvent('TaskCreated', { data }))).toMatchObject([{ kind: 'task_created', recipient: { userId: ALICE } }]);
  });
  it('a later assignment is told to the new assignee, whoever made it', () => {
    const byBob = { ...exampleEvent('TaskAssigned').metadata, actor: BOB };
    for (const event of [exampleEvent('TaskAssigned', { revision: 3 }), exampleEvent('TaskAssigned', { revision: 3, metadata: byBob })])
      expect(taskPolicy(event)).toEqual([{ channel: 'email', kind: 'task_assigned', recipient: { userId: BOB }, about: about('TaskAssigned', 3) }]);
  });
  it('the assignment by the creating command makes no second mail', () =>
    expect(taskPolicy(exampleEvent('TaskAssigned', { data: { userId: BOB, previous: null, atCreation: true } }))).toEqual([]));
  it('an assignment to nobody is told to nobody', () =>
    expect(taskPolicy(exampleEvent('TaskAssigned', { data: { userId: null, previous: BOB, atCreation: false } }))).toEqual([]));
  it.each(['TaskEdited', 'TaskStatusChanged', 'TaskCommented', 'TaskDeleted', 'TaskRestored'])('%s makes no mail', (type) =>
    expect(taskPolicy(exampleEvent(type))).toEqual([]),
  );
});

describe('of a user', () => {
  const { stream } = exampleEvent('UserCreated');
  it('the registration asks for a confirmation', () =>
    expect(registrationPolicy(exampleEvent('UserCreated'))).toEqual([
      { channel: 'email', kind: 'confirm_registration', recipient: { userId: stream.slice('user-'.length) }, about: { stream, revision: 0 } },
    ]));
  it('the first admin, made by the system, confirms nothing', () => {
    const metadata = { ...exampleEvent('UserCreated').metadata, actor: 'system' };
    expect(registrationPolicy(exampleEvent('UserCreated', { metadata }))).toEqual([]);
  });
  it.each(['UserEdited', 'UserConfirmed', 'UserDeleted', 'RegistrationAbandoned'])('%s makes no mail', (type) =>
    expect(registrationPolicy(exampleEvent(type))).toEqual([]),
  );
});

it('what is asked for keeps to the contract, names at most one recipient, and is the same each time', () =>
  fc.assert(
    fc.property(
      fc.constantFrom('TaskCreated', 'TaskAssigned', 'TaskEdited', 'UserCreated', 'UserEdited'),
      fc.nat({ max: 1_000 }),
      (type, revision) => {
        const policy = type.startsWith('Task') ? taskPolicy : registrationPolicy;
        const event = exampleEvent(type, { revision });
        const wanted = policy(event);
        expect(wanted.length).toBeLessThanOrEqual(1);
        expect(policy(event)).toEqual(wanted);
        for (const one of wanted) expect(notificationContract.events.NotificationRequested.schema.parse(one)).toEqual(one);
      },
    ),
  ));
