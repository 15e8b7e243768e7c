/** What those processes do that need servers, where their standard error or standard output cannot be written. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Double, startDouble } from '../platform/event-store/double/double.ts';
import { describeWith, ferretDb } from '../servers/for-tests.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { folderOfTest, fullOutput, runWithOutputs } from './outputs.fixture.ts';
import { backendOf } from './sending.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';

/** Without such a file nothing here can be shown. */
const HAS_FULL = existsSync('/dev/full');

describeWith(ferretDb, 'npm start -- migrate', () => {
  let installation: Installation;
  beforeAll(async () => {
    installation = await openInstallation();
    await installation.stop();
  });
  afterAll(() => installation?.remove());
  const doubles: Double[] = [];
  afterAll(() => Promise.all(doubles.map((one) => one.stop())));

  async function targets(): Promise<Record<string, string>> {
    const double = await startDouble({ folder: folderOfTest() });
    doubles.push(double);
    return {
      ...installation.env,
      EVENT_STORE_URL: double.url,
      SECRETS_URL: await ferretDb.database(),
      ADMIN_EMAIL: 'admin@localhost.localdomain',
    };
  }

  it.runIf(HAS_FULL)('ends with one line and code 1 where standard output is full', { timeout: 150_000 }, async () => {
    const command = runWithOutputs({ stdout: fullOutput() }, ['migrate'], await targets());
    expect(await command.ended).toBe(1);
    expect(await command.stderr).toBe('taskledger: Standard output cannot be written (ENOSPC), so what the command printed there is lost.\n');
  });

  it.runIf(HAS_FULL)('does its work where standard error is full, and fails with code 1 where both are', { timeout: 150_000 }, async () => {
    const told = runWithOutputs({ stderr: fullOutput() }, ['migrate'], await targets());
    expect(await told.stdout).toContain('Moved ');
    expect(await told.ended).toBe(0);
    expect(await runWithOutputs({ stdout: fullOutput(), stderr: fullOutput() }, ['migrate'], await targets()).ended).toBe(1);
  });
});

describeWith(DISTRIBUTED, 'a notifier with worker processes', () => {
  let mail: MailServer;
  let system: Distributed;
  beforeAll(async () => {
    mail = await startMailServer();
    system = await openDistributed({ env: { MAIL_URL: mail.url }, copies: { notifier: 0 } });
  });
  afterAll(async () => {
    await system?.remove();
    await mail?.stop();
  });

  it.runIf(HAS_FULL)('sends mails where standard error is full, which is also that of its workers, and ends', { timeout: 240_000 }, async () => {
    const env = { ...system.env, PORT: '0', DATA_DIR: folderOfTest() };
    const notifier = runWithOutputs({ stderr: fullOutput() }, ['notifier', '--workers', 'email=1'], env);
    const backend = await backendOf(system);
    const id = await backend.send({ type: 'email', recipient: 'ann@example.org', content: 'Did you get this?' });
    await vi.waitFor(() => expect(mail.taken.length).toBeGreaterThan(0), { timeout: 120_000, interval: 100 });
    await backend.becomes(id, 'sent');
    notifier.child.kill('SIGTERM');
    expect(await notifier.ended).toBe(0);
  });
});
