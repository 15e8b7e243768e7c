import { afterEach, expect, it, vi } from 'vitest';
import {
  type Answer,
  type MailServer,
  notificationHistories,
  openRig,
  type Rig,
  startMailServer,
} from '../system/notifications/whole-path.fixture.ts';

import { FOLLOWERS } from './notifier.ts';

let server: MailServer;
let rig: Rig;

async function begin(answer: Answer): Promise<void> {
  server = await startMailServer(() => answer);
  rig = await openRig(server.url);
}
afterEach(async () => {
  await rig.close();
  await server.stop();
});

/** Types of the one mail's events. */
async function types(): Promise<string[]> {
  const all = [...(await notificationHistories(rig.store)).values()].flat();
  return all.map(({ type }) => type.slice('Notification'.length));
}

it('no attempt is made before the address of the pages is known', async () => {
  await begin('take');
  let url = '';
  const notifier = await rig.startNotifier({ publicUrl: () => url });
  await rig.register(1);
  await vi.waitFor(() => expect(notifier.waiting()).toBe(1));
  expect(await types()).toEqual(['Requested']);
  url = 'https://late.example.org';
  await rig.decided(1);
  expect(await types()).toEqual(['Requested', 'Processing', 'Sent']);
  expect(server.taken[0]?.id).toMatch(/@late\.example\.org$/);
});

it('it stops also before that address is known', async () => {
  await begin('take');
  const notifier = await rig.startNotifier({ publicUrl: () => '' });
  await notifier.stop();
  expect(notifier.followers.map(({ name }) => name)).toEqual(FOLLOWERS.map(({ name }) => name));
});

it('invariant 11: a stop gives up what hangs after its grace, and shows that attempt as unknown', async () => {
  await begin('hang');
  const notifier = await rig.startNotifier({ grace: 50 });
  await rig.register(1);
  await vi.waitFor(() => expect(server.given).toHaveLength(1));
  await notifier.stop();
  expect(await types()).toEqual(['Requested', 'Processing', 'AttemptUnknown', 'Deferred']);
});
