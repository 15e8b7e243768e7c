/** `npm start -- migrate` to servers: a real one for the secrets, and for the event store the double that the client speaks to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openSecrets } from '../../gateway/identity/secrets/open.ts';
import { type Double, startDouble } from '../../platform/event-store/double/double.ts';
import { openEventStore } from '../../platform/event-store/open.ts';
import { describeWith, ferretDb } from '../../servers/for-tests.fixture.ts';
import { type MailServer, startMailServer } from '../../system/notifications/whole-path.fixture.ts';
import { runProgram } from '../../system/program.fixture.ts';
import { allSent, asItWas, contentsOf, type Folder, openFolder, startParts, writeSideOf } from './migrate/installation.fixture.ts';
import type { Stores } from './migrate/move.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };

describeWith(ferretDb, 'npm start -- migrate to servers', () => {
  let mails: MailServer;
  let old: Folder;
  let double: Double;
  let env: Record<string, string>;
  const folder = mkdtempSync(join(tmpdir(), 'migrate-double-'));

  const sent = ({ store }: Stores, count: number) => allSent(store, count, 180_000);

  beforeAll(async () => {
    mails = await startMailServer();
    old = await openFolder();
    const parts = await startParts(old, mails.url);
    const write = await writeSideOf(old);
    const user = await write.register(1);
    await write.makeTask(1, user);
    await sent(old, 2);
    await parts.stop();
    // Mails that are still to be sent, and events enough to be interrupted in.
    for (let n = 2; n < 12; n++) {
      const task = await write.makeTask(n, user);
      for (let m = 0; m < 30; m++) await write.comment(task, m);
    }
    for (let n = 0; n < 60; n++) await write.makeTask(100 + n, user);
    await write.register(2);
    const expires = new Date(Date.now() + 3_600_000).toISOString();
    for (let n = 0; n < 30; n++) await old.secrets.put('sessions', { key: `session ${n}`, value: { n, none: null }, owner: user, expires });
    for (let n = 0; n < 3; n++) await old.secrets.put('credentials', { key: user, value: `hash ${n}`, owner: user });
    await old.close();
    double = await startDouble({ folder });
    env = {
      DATA_DIR: old.dataDir,
      EVENT_STORE_URL: double.url,
      SECRETS_URL: await ferretDb.database(),
      JWT_SECRET: 'a secret of the tests, thirty-two and more',
      ADMIN_EMAIL: 'admin@example.org',
      ADMIN_PASSWORD: 'the admin of the tests',
    };
  });
  afterAll(async () => {
    await old?.remove();
    await double?.stop();
    await mails?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('moves all of it, though it is killed on the way, and every mail that was to come comes once', { timeout: 400_000 }, async () => {
    const killed = runProgram(['migrate'], env);
    const watching = await openEventStore(double.url, { dataDir: '/nowhere', log });
    await vi.waitFor(async () => expect(await watching.head()).not.toBe(''), { timeout: 60_000, interval: 1 });
    await killed.end('SIGKILL');
    const program = runProgram(['migrate'], env);
    expect(await program.ended, program.stderr()).toEqual({ code: 0, signal: null });
    expect(program.stdout()).toMatch(
      /^resuming {2}[\s\S]*^comparing {2}\d+ events in [\d.]+ s, [\d ]+ events\/s\nMoved \d+ events, \d+ streams of bookkeeping and \d+ secrets; each was compared\..*\n$/m,
    );

    old = await openFolder(old.dataDir);
    const to: Stores = { store: watching, secrets: await openSecrets(env.SECRETS_URL, { dataDir: '/nowhere', log }) };
    const [before, after] = [await contentsOf(old), await contentsOf(to)];
    expect(after.events.map(asItWas)).toEqual(before.events.map(asItWas));
    expect(after.secrets).toEqual(before.secrets);

    const parts = await startParts(to, mails.url);
    await sent(to, 73);
    await parts.stop();
    expect(mails.taken).toHaveLength(73);
    expect(new Set(mails.taken.map(({ id }) => id)).size).toBe(73);
    const write = await writeSideOf(to);
    await expect(write.register(2, 22)).rejects.toMatchObject({ code: 'conflict' });
    await to.store.close();
    await to.secrets.close();
    await old.close();

    const again = runProgram(['migrate'], env);
    expect(await again.ended).toEqual({ code: 1, signal: null });
    expect(again.stderr()).toMatch(/^taskledger: A process of taskledger has run on the target's event store\. .*\n$/);
  });
});
