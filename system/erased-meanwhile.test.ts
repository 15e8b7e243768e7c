/** What is under way while a person is erased, or comes again afterwards: none of it leaves clear text, mails anybody, or is answered with an error of ours. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { POLICIES } from '../notifier/registries.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { checkpointStream } from '../platform/followers/checkpoint-stream.ts';
import { BEGINNING, type Checkpoint } from '../platform/followers/checkpoint-type.ts';
import { projectionNames } from '../projections/status.ts';
import type { Reply } from './client.fixture.ts';
import { certified, ERASURE_PATIENCE, erase, verified, worked, wrongIn } from './erased-person.fixture.ts';
import { searchFiles } from './erasure-search.fixture.ts';
import { mailsSettle, mailsTo, notificationsOf } from './mails.fixture.ts';
import { type Answer, type MailServer, startMailServer } from './notifications/whole-path.fixture.ts';
import { SILENT } from './open-log.fixture.ts';
import { type Installation, openInstallation } from './system.fixture.ts';
import { UNLIMITED } from './unlimited.fixture.ts';

/** Requests of one kind at most. */
const MOST = 150;

/** Puts every policy of a stopped installation back to the beginning of the log, so that each hears of all events again. */
async function policiesBeginAnew(dataDir: string): Promise<void> {
  const store = await openEventStore('sqlite:', { dataDir, log: SILENT });
  try {
    for (const { name } of POLICIES) {
      const checkpoint = checkpointStream<Checkpoint>(store, { stream: `_checkpoint-${name}`, type: 'CheckpointMoved' });
      await checkpoint.load();
      await checkpoint.write(BEGINNING);
    }
  } finally {
    await store.close();
  }
}

describe('while a person is erased', () => {
  let system: Installation;
  beforeAll(async () => {
    system = await openInstallation(UNLIMITED);
  }, 600_000);
  afterAll(() => system?.remove());

  it('what they and others do at that moment leaves no text of theirs, while read models are made anew besides', { timeout: 600_000 }, async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts, tasks } = await worked(system, 'Ida', ben);
    const [mark = ''] = texts;
    const answers: Reply[] = [];
    let going = true;
    const flood = async (work: (n: number) => Promise<Reply>) => {
      for (let n = 0, isOut = false; going && !isOut && n < MOST; n++) {
        const answer = await work(n);
        answers.push(answer);
        isOut = answer.status === 401;
      }
    };
    const floods = [
      flood((n) => ann.call(`POST /api/tasks/${tasks[0]}/comments`, { text: `${mark} says this as comment ${n} of ${mark}` })),
      flood((n) => ann.call('POST /api/tasks', { title: `${mark} wants this ${n} of ${mark}`, userId: ben.id })),
      flood((n) =>
        ann.call('POST /api/orders', {
          email: ann.email,
          items: [{ sku: 'lamp', quantity: 1 + (n % 9), unitPrice: { amount: 1299, currency: 'EUR' } }],
        }),
      ),
      flood((n) => ben.call(`POST /api/tasks/${tasks[0]}/comments`, { text: `Ben says this as comment ${n}` })),
      flood(() => system.admin.call(`GET /api/tasks/${tasks[0]}`)),
    ];
    for (const name of projectionNames) await system.admin.ok(`POST /api/admin/projections/${name}/rebuild`);
    await erase(ann, system.admin);
    const certificate = await certified(system, ann);
    going = false;
    await Promise.all(floods);
    expect(answers.filter(({ status }) => status >= 500).map(({ text }) => text)).toEqual([]);
    // Some of it was taken before they were out, and some refused.
    expect([...new Set(answers.map(({ status }) => status))]).toEqual(expect.arrayContaining([200, 201, 401]));
    await mailsSettle(system.admin);
    expect(await searchFiles([system.dataDir], texts)).toEqual([]);
    expect(wrongIn(await verified(system.env, certificate))).toEqual([]);
  });

  it('an event of theirs that comes again to a policy sends nothing, and names nobody', { timeout: 600_000 }, async () => {
    const ben = await system.register('Ben');
    const { user: ann, texts } = await worked(system, 'Abe', ben);
    await erase(ann, system.admin);
    await certified(system, ann);
    await mailsSettle(system.admin);
    const before = new Set((await mailsTo(system.admin)).map(({ messageId }) => messageId));
    const cancelled = async () => (await notificationsOf(system.admin)).filter(({ status }) => status === 'cancelled').length;
    const cancelledBefore = await cancelled();
    await system.stop();
    await policiesBeginAnew(system.dataDir);
    await system.start();
    // Policies go in the order of the log: what somebody else is told of later is told by each of them after all that came again.
    const later = await worked(system, 'Zoe', ben);
    await mailsSettle(system.admin);
    const all = await notificationsOf(system.admin);
    expect(all.filter(({ status }) => !['sent', 'cancelled'].includes(status))).toEqual([]);
    // What is asked for anew, to nobody, as the code to a number that reads as erased.
    expect(await cancelled()).toBeGreaterThan(cancelledBefore);
    const sent = (await mailsTo(system.admin)).filter(({ messageId }) => !before.has(messageId));
    const recipients = new Set(sent.map(({ to }) => to));
    for (const expected of [later.user.email, later.texts[2] ?? '', ben.email, system.admin.email]) recipients.delete(expected);
    expect([...recipients]).toEqual([]);
    expect(await searchFiles([system.dataDir], texts)).toEqual([]);
    expect(system.output()).not.toMatch(/"level":[56]0/);
  });
});

describe('a mail that is half sent when a person is erased', () => {
  let mail: MailServer;
  let system: Installation;
  let answer: (to: string) => Answer | Promise<Answer> = () => 'take';
  beforeAll(async () => {
    mail = await startMailServer(({ to }) => answer(to));
    system = await openInstallation({ ...UNLIMITED, MAIL_URL: mail.url, PUBLIC_URL: 'http://127.0.0.1:3000' });
  }, 600_000);
  afterEach(() => {
    answer = () => 'take';
  });
  afterAll(async () => {
    await system?.remove();
    await mail?.stop();
  });

  it('is sent to them no more, and to others without their words', { timeout: 600_000 }, async () => {
    const [ann, ben] = [await system.register('Una'), await system.register('Ben')];
    for (const { id } of [ann, ben]) await system.admin.ok(`POST /api/users/${id}/confirm`);
    const title = `Ferns of Una ${crypto.randomUUID()}`;
    // Its content is on the server, which has not said yet whether it takes it.
    const cut = Promise.withResolvers<Answer>();
    const held = new Set<string>();
    answer = (to) => {
      held.add(to);
      return cut.promise;
    };
    await ann.ok('POST /api/tasks', { title, userId: ben.id });
    await ben.ok('POST /api/tasks', { title: 'A door that sticks', userId: ann.id });
    await expect.poll(() => [...held].sort(), ERASURE_PATIENCE).toEqual(expect.arrayContaining([ann.email, ben.email]));
    await erase(ann, system.admin);
    await certified(system, ann);
    const given = mail.given.length;
    answer = () => 'take';
    cut.resolve('drop');
    const undecided = async () => (await notificationsOf(system.admin)).filter(({ status }) => !['sent', 'cancelled'].includes(status));
    await expect.poll(undecided, ERASURE_PATIENCE).toEqual([]);
    const after = mail.given.slice(given);
    expect(after.filter(({ to }) => to === ann.email)).toEqual([]);
    const told = after.find(({ to, raw }) => to === ben.email && raw.includes('[erased]'));
    expect(told?.raw).toBeDefined();
    expect(after.filter(({ raw }) => raw.includes(title))).toEqual([]);
    expect(await searchFiles([system.dataDir], [title, ann.email])).toEqual([]);
  });
});
