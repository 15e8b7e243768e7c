import { afterAll, beforeAll } from 'vitest';
import { describeEveryChannel } from './every-channel.suite.ts';
import { type Receivers, startReceivers } from './sending.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let receivers: Receivers;
let system: Installation;
beforeAll(async () => {
  receivers = await startReceivers();
  system = await openInstallation({ ...receivers.env, PUBLIC_URL: 'https://tasks.example.org' });
}, 240_000);
afterAll(async () => {
  await system?.remove();
  await receivers?.stop();
});

describeEveryChannel(() => ({ system, receivers }));
