import { afterAll, beforeAll } from 'vitest';
import { type Backend, backendOf, type Receivers, startReceivers } from './sending.fixture.ts';
import { describeHangingMail } from './sending.suite.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

let receivers: Receivers;
let system: Installation;
let backend: Backend;
beforeAll(async () => {
  receivers = await startReceivers();
  system = await openInstallation(receivers.env);
  backend = await backendOf(system);
});
afterAll(async () => {
  await system?.remove();
  await receivers?.stop();
});

describeHangingMail(() => ({ system, receivers, backend }));
