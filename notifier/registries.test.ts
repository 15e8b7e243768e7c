import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { CommandContract, EventContract } from '../contracts/aggregate.ts';
import { catalog, exampleEvent } from '../contracts/catalog.ts';
import type { RecordedEvent } from '../contracts/message.ts';
import type { LimitName } from '../platform/http/limits/limits.ts';
import { POLICIES } from './registries.ts';
import { NO_TASK } from './task-as-of.ts';

const FOLDER = new URL('./policies/', import.meta.url);

it('every policy of policies/ has a row', async () => {
  const files = readdirSync(FOLDER).filter((file) => !file.endsWith('.test.ts'));
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) {
    const exported = Object.entries((await import(new URL(file, FOLDER).href)) as Record<string, unknown>);
    const policies = exported.filter(([name]) => name.endsWith('Policy'));
    expect(policies.length, file).toBeGreaterThan(0);
    for (const [name, policy] of policies)
      expect(
        POLICIES.map(({ wants }) => wants),
        name,
      ).toContain(policy);
  }
});

it('no two policies have one name, or one queue', () => {
  for (const of of [POLICIES.map(({ name }) => name), POLICIES.map(({ queue }) => queue.activeHold)]) expect(new Set(of).size).toBe(of.length);
});

it('a policy that releases what is held back asks for nothing itself, so that no mail waits for the read model of notifications', () => {
  const releasing = POLICIES.filter(({ releases }) => releases);
  expect(releasing.map(({ name }) => name)).toEqual(['held_mail']);
  for (const type of ['UserCreated', 'UserConfirmed', 'EmailChanged', 'PasswordResetRequested'])
    expect(releasing.flatMap(({ wants }) => wants(exampleEvent(type), NO_TASK, exampleEvent(type)))).toEqual([]);
});

/** An event with which the streams of a type's category begin; of categories that name none, one of the type itself. */
function beginningOf(type: string): RecordedEvent {
  const [beginning = type] = Object.entries<EventContract>(catalog.find(({ events }) => type in events)?.events ?? {}).flatMap(([one, { begins }]) =>
    begins ? [one] : [],
  );
  return exampleEvent(beginning);
}

/** The commands and the limits of those who cause each event of which somebody may be told by mail or SMS. */
const CAUSED: Record<string, { by?: string[]; limit?: LimitName }> = {
  TaskCreated: { by: ['CreateTask'] },
  TaskAssigned: { by: ['AssignTask'] },
  TaskCommented: { by: ['CommentTask'] },
  TaskStatusChanged: { by: ['ChangeTaskStatus'] },
  TimerFired: { by: ['CreateTask', 'EditTask'] },
  UserCreated: { limit: 'registration' },
  ConfirmationRequested: { limit: 'link-mails' },
  PasswordResetRequested: { limit: 'link-mails' },
  EmailChangeRequested: { by: ['EditUser'], limit: 'link-mails' },
  EmailChanged: { by: ['EditUser'], limit: 'link-mails' },
  PhoneRequested: { limit: 'sms-codes' },
  // Told to the account's owner of what its owner did.
  PhoneConfirmed: { limit: 'sms-codes' },
  PhoneRemoved: { limit: 'sms-codes' },
  PasswordChanged: { limit: 'security-mails' },
  SecondFactorEnabled: { limit: 'security-mails' },
  SecondFactorDisabled: { limit: 'security-mails' },
  RecoveryCodesMade: { limit: 'security-mails' },
  RecoveryCodeUsed: { limit: 'security-mails' },
  SignInJoined: { limit: 'security-mails' },
  OrderConfirmed: { by: ['PlaceOrder'] },
  OrderRejected: { by: ['PlaceOrder'] },
  // Made by admins alone.
  InvitationMade: {},
  InvitationSentAgain: {},
  // Said by who works at the site alone.
  DowntimeBegan: {},
  AssetMoved: {},
  AssetRetired: {},
  // Noted by the desk alone.
  VisitorArrived: {},
  VisitorWalkedIn: {},
};

it('whatever event somebody may be told of by mail or SMS comes of a command that is limited', () => {
  const task = { ...NO_TASK, maker: 'ann', assignee: 'ben', commenters: ['cleo'], status: 'open', deadline: null } as const;
  const types = catalog.flatMap(({ events }) => Object.keys(events));
  const telling = types.filter((type) => {
    const event = exampleEvent(type);
    const { time = null } = event.data as { time?: string };
    return POLICIES.some(({ wants }) => wants(event, { ...task, deadline: time }, beginningOf(type)).length > 0);
  });
  expect(telling.toSorted()).toEqual(Object.keys(CAUSED).toSorted());
  const commands: Record<string, CommandContract> = Object.assign({}, ...catalog.map((one) => one.commands));
  for (const { by = [] } of Object.values(CAUSED)) for (const command of by) expect(commands[command]?.limit, command).toBeDefined();
});
