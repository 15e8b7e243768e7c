import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProblemError } from '../../../contracts/problem.ts';
import type { RouteRequest } from '../../../platform/http/route.ts';
import { outboxRoute } from '../../outbox-routes.ts';
import type { Mail } from '../mailer.ts';
import { openMailer } from '../open.ts';
import { type Outbox, openOutbox } from './outbox.ts';

const mail = (n: number, address = 'bob@example.org'): Mail => ({
  to: { name: 'Bob', address },
  subject: `subject ${n}`,
  text: `text ${n}`,
  html: `<p>${n}</p>`,
  messageId: `${n}@tasks.example.org`,
});
/** The erasure that a search is for. */
const ERASURE = { person: 'anna', at: '2026-11-30T10:00:00.000Z' };
const signal = new AbortController().signal;
let folder: string;
let outbox: Outbox;
const file = () => join(folder, 'outbox.db');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-'));
  outbox = openOutbox(file());
});
afterEach(async () => {
  await outbox.close();
  await rm(folder, { recursive: true });
});

describe('the outbox', () => {
  it.runIf(existsSync('/proc/self/fd'))(
    'opens its log once, for mails sent at once too: a file left open would be closed by the garbage collector, with a warning',
    async () => {
      const logs = async () =>
        (await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))).filter(
          (one) => one === `${file()}-wal`,
        ).length;
      const before = await logs();
      await Promise.all([1, 2, 3].map((n) => outbox.send(mail(n), signal)));
      expect(await logs()).toBe(before + 1);
    },
  );

  it('shows the newest first, to one address or all, page by page', async () => {
    for (const n of [1, 2, 3]) await outbox.send(mail(n), signal);
    await outbox.send(mail(4, 'alice@example.org'), signal);
    expect(outbox.list({ limit: 10 }).map((one) => one.subject)).toEqual(['subject 4', 'subject 3', 'subject 2', 'subject 1']);
    const page = outbox.list({ to: 'BOB@example.org', limit: 2 });
    expect(page.map((one) => one.subject)).toEqual(['subject 3', 'subject 2']);
    expect(outbox.list({ to: 'bob@example.org', limit: 2, before: page.at(-1)?.id })).toMatchObject([{ ...mail(1), to: 'bob@example.org' }]);
  });
  it('shows the link of List-Unsubscribe of a mail that has one', async () => {
    await outbox.send({ ...mail(1), unsubscribe: 'https://tasks.example.org/api/unsubscribe?token=t' }, signal);
    await outbox.send(mail(2), signal);
    expect(outbox.list({ limit: 10 }).map(({ listUnsubscribe }) => listUnsubscribe)).toEqual([
      undefined,
      'https://tasks.example.org/api/unsubscribe?token=t',
    ]);
  });
  it('shows a mail once, however often it was sent', async () => {
    for (const n of [1, 1, 1]) await outbox.send(mail(n), signal);
    expect(outbox.list({ limit: 10 })).toHaveLength(1);
  });
  it('holds its mails when it is opened again', async () => {
    await outbox.send(mail(1), signal);
    await outbox.close();
    outbox = openOutbox(file());
    expect(outbox.list({ limit: 10 })).toHaveLength(1);
  });
  it('keeps the last 1,000', async () => {
    for (let n = 0; n < 1_005; n++) await outbox.send(mail(n), signal);
    const all = outbox.list({ limit: 2_000 });
    expect([all.length, all.at(-1)?.subject]).toEqual([1_000, 'subject 5']);
  });
  it('can be read by its owner only, the files beside it too', async () => {
    await outbox.send(mail(1), signal);
    for (const name of ['outbox.db', 'outbox.db-wal']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });
  it('erases a person: what went to them is gone, others lose their texts alone, and nothing of either is in the files', async () => {
    const own = 'Anna.Lind@bücher.example';
    await outbox.send({ ...mail(1, 'anna.lind@xn--bcher-kva.example'), text: 'for her alone' }, signal);
    await outbox.sendText({ to: '+491701234567', text: 'your code is 123456', id: 'sms-1', statusCallback: null });
    await outbox.send(
      { ...mail(2), subject: 'Due soon: Water the ferns', html: '<p>Water<br>the ferns</p>', text: `Ask Anna Lind, ${own}.` },
      signal,
    );
    await outbox.sendText({ to: '+491709999999', text: 'Due soon: Water the ferns https://x.example/a', id: 'sms-2', statusCallback: null });
    await outbox.send(mail(3), signal);
    const person = { addresses: [own, '+491701234567'], texts: ['Anna Lind', 'Water the ferns', 'x'] };
    const untouched = outbox.list({ limit: 1 });
    expect(await outbox.erase(person, ERASURE)).toEqual({ deleted: 2, changed: 2 });
    expect(outbox.list({ limit: 10 })).toMatchObject([
      ...untouched,
      { to: '+491709999999', text: 'Due soon: [erased] https://x.example/a' },
      { to: 'bob@example.org', subject: 'Due soon: [erased]', html: '<p>[erased]</p>', text: 'Ask [erased], [erased].' },
    ]);
    const bytes = await Promise.all(['', '-wal'].map((end) => readFile(`${file()}${end}`)));
    for (const text of ['for her alone', '123456', 'ferns', 'Anna', 'bcher']) expect(bytes.some((one) => one.includes(text))).toBe(false);
    expect(await outbox.erase(person, ERASURE)).toEqual({ deleted: 0, changed: 0 });
    await outbox.send(mail(4), signal);
    expect(outbox.list({ limit: 10 })).toHaveLength(4);
  });
  it('knows which erasures it was searched for, also when it is opened again, and is emptied up to a time for those that it was not', async () => {
    const later = { person: 'anna', at: '2026-11-30T11:00:00.000Z' };
    const other = { person: 'ben', at: ERASURE.at };
    await outbox.send({ ...mail(1), text: 'of somebody whom nobody knows any more' }, signal);
    await outbox.erase({ addresses: [], texts: [] }, ERASURE);
    await outbox.close();
    outbox = openOutbox(file());
    expect(outbox.notSearched([ERASURE, later, other])).toEqual([later, other]);
    const time = outbox.list({ limit: 1 })[0]?.time ?? '';
    expect(await outbox.emptyUntil(new Date(Date.parse(time) - 1).toISOString(), [later])).toBe(0);
    expect(outbox.list({ limit: 10 })).toHaveLength(1);
    const reader = new DatabaseSync(file());
    reader.exec('BEGIN; SELECT count(*) FROM mails');
    expect(await outbox.emptyUntil(time, [other])).toBe(1);
    // While somebody reads it, what was deleted is still in its log.
    expect(outbox.notSearched([other])).toEqual([other]);
    reader.close();
    expect(await outbox.emptyUntil(time, [other])).toBe(0);
    expect(outbox.list({ limit: 10 })).toEqual([]);
    expect(outbox.notSearched([ERASURE, later, other])).toEqual([]);
    const bytes = await Promise.all(['', '-wal'].map((end) => readFile(`${file()}${end}`)));
    expect(bytes.some((one) => one.includes('whom nobody knows'))).toBe(false);
  });
  it('that is damaged says what to do', async () => {
    const damaged = join(folder, 'damaged.db');
    await writeFile(damaged, 'this is no database, but it is long enough to look like one to somebody who does not look closely'.repeat(20));
    expect(() => openOutbox(damaged)).toThrow(/damaged\.db cannot be opened .*Move it away/);
  });
});

describe('the mailer', () => {
  it('is the outbox, or SMTP, by the scheme of its URL', async () => {
    const embedded = openMailer('outbox:', { dataDir: folder, from: 'a@localhost' });
    expect(embedded.outbox).toBe(embedded.mailer);
    await embedded.mailer.close();
    const smtp = openMailer('smtp://127.0.0.1:1', { dataDir: folder, from: 'a@localhost' });
    expect(smtp.outbox).toBeNull();
    await smtp.mailer.close();
    expect(() => openMailer('carrier-pigeon:', { dataDir: folder, from: 'a@localhost' })).toThrow(/MAIL_URL/);
  });
});

describe('GET /outbox', () => {
  const ask = (box: Outbox | null, query: Record<string, string>) => {
    const { row, answer } = outboxRoute;
    return { row, answer: () => answer({ outbox: box }, { query: row.query?.parse(query) } as unknown as RouteRequest) };
  };
  it('is for admins and answers by its own schema', async () => {
    await outbox.send(mail(1), signal);
    const { row, answer } = ask(outbox, { to: 'bob@example.org' });
    expect(row.who).toEqual(['admin']);
    const { body } = (await answer()) as { body: unknown };
    expect(row.response?.parse(body)).toMatchObject({ items: [{ messageId: '1@tasks.example.org' }] });
  });
  it.each(['anna@bücher.example', 'ANNA@xn--bcher-kva.example'])(
    'finds what went to an international domain by either of its forms, and shows it in Unicode: %s',
    async (to) => {
      await outbox.send({ ...mail(1), to: { name: 'Anna', address: 'anna@xn--bcher-kva.example' } }, signal);
      const { body } = (await ask(outbox, { to }).answer()) as { body: unknown };
      expect(body).toMatchObject({ items: [{ to: 'anna@bücher.example' }] });
    },
  );
  it('is not there where mails go out by SMTP, and says so', () => {
    expect(ask(null, {}).answer).toThrow(ProblemError);
    expect(ask(null, {}).answer).toThrow(/MAIL_URL/);
  });
});
