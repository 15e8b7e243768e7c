/** `--workers email=1`: what becomes of a mail whose worker process is killed while the mail server has it and has not answered. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { DISTRIBUTED, type Distributed, openDistributed } from './distributed.fixture.ts';
import { type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { type Program, runProgram } from './program.fixture.ts';
import { backendOf } from './sending.fixture.ts';

const patience = { timeout: 60_000, interval: 50 };

describeWith(DISTRIBUTED, 'a delivery worker in a process of its own', () => {
  let folder: string;
  let mail: MailServer;
  let system: Distributed;
  let notifier: Program;
  /** Kills the worker that gives the first mail; the server never answers that. */
  const killed: number[] = [];
  const workers = () => [...notifier.stderr().matchAll(/notifier email listens on \S+ \(pid (\d+)\)/g)].map(([, pid]) => Number(pid));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'worker-kill-'));
    mail = await startMailServer((_, before) => {
      const pid = workers().at(-1);
      if (before > 0 || pid === undefined) return 'take';
      killed.push(pid);
      process.kill(pid, 'SIGKILL');
      return 'hang';
    });
    // Four seconds: nobody else sends it before, and the test does not wait for long.
    system = await openDistributed({ env: { MAIL_URL: mail.url, LEASE_SECONDS: '4' }, copies: { notifier: 0 } });
    notifier = runProgram(['notifier', '--workers', 'email=1'], { ...system.env, PORT: '0', DATA_DIR: folder });
    await notifier.url();
    await vi.waitFor(() => expect(workers()).toHaveLength(1), patience);
  });
  afterAll(async () => {
    await notifier?.end('SIGKILL');
    await system?.remove();
    await mail?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('that is killed with a mail in flight leaves it to the next one, and the attempt is shown as unknown', async () => {
    const backend = await backendOf(system);
    const id = await backend.send({ type: 'email', recipient: 'ann@example.org', content: 'Did you get this?' });
    const { history } = await backend.becomes(id, 'sent');
    expect(workers()).toEqual([...killed, expect.any(Number)]);
    expect(mail.given.map(({ id: messageId }) => messageId.slice(0, messageId.indexOf('@')))).toEqual([id, id]);
    expect(mail.taken).toHaveLength(1);
    const shown = async () => (await system.admin.ok(`GET /api/notifications/${id}`)).body;
    await vi.waitFor(async () => expect(await shown()).toMatchObject({ status: 'sent', attempts: 2, unknownAttempts: [1] }), patience);
    const [first, second] = history.filter(({ status }: { status: string }) => status === 'processing');
    const [before, after] = workers();
    expect([first.worker, second.worker]).toEqual([expect.stringContaining(`:${before}:`), expect.stringContaining(`:${after}:`)]);
  });
});
