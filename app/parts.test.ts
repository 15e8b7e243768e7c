import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { FollowerQueue } from '../platform/event-bus/queues.ts';
import { ConfigError, readConfig } from './config.ts';
import { partAlone, SOCKETS } from './parts.fixture.ts';
import { ALL_PARTS, isPart, type Need, needsOf, problemsAlone, unusedBy, usesFolder } from './parts.ts';
import { QUEUES } from './queues.ts';
import { ROWS, ROWS_OF_EVERY_PROCESS, rowName } from './rows.ts';

const PAGE = readFileSync(join(fileURLToPath(new URL('..', import.meta.url)), 'docs/PARTS.md'), 'utf8');

/** The first table below a heading: its rows, each a list of cells, without the heading's own. */
function table(heading: string): string[][] {
  const section = PAGE.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

it.each(ALL_PARTS)('%s alone has routes for the rows of its table, and answers those, those of every process and no other', async (part) => {
  const own = ROWS[part].map(rowName);
  const { routes, answers } = await partAlone(part);
  expect(routes).toEqual(own);
  // A literal path of another part, which an id of its own stands for; the proxy has that before.
  const shadowed = (name: string) => !own.includes(name) && own.some((row) => row !== name && covers(row, name));
  expect(answers.filter((name) => !shadowed(name))).toEqual([
    ...own,
    ...ROWS_OF_EVERY_PROCESS.map(rowName),
    ...(part === 'realtime' ? [SOCKETS] : []),
  ]);
});

/** True where a path of this row, as `GET /api/things/:id`, may be that of the other. */
function covers(row: string, other: string): boolean {
  const [parts, others] = [row.split('/'), other.split('/')];
  return parts.length === others.length && parts.every((part, index) => part.startsWith(':') || part === others[index]);
}

describe('docs/PARTS.md', () => {
  it('names every queue, with what it gets and who is active', () => {
    const said = table('Queue → part').slice(2);
    const what = (queue: FollowerQueue) => (queue.exchange === 'events' ? `\`events\`, \`${queue.pattern}\`` : `\`${queue.exchange}\``);
    for (const queue of QUEUES) {
      const rows = said.filter(
        ([name = '', kind]) => kind === queue.kind && (queue.name ? name === `\`${queue.name}\`` : name.startsWith('unnamed')),
      );
      if (queue.kind === 'work') expect(rows, queue.name).toHaveLength(1);
      else
        expect(rows, queue.name ?? queue.exchange).toContainEqual(
          expect.arrayContaining([
            what(queue),
            queue.activeHold ? `one is active: it holds \`${queue.activeHold}\`` : expect.stringContaining('all follow'),
          ]),
        );
    }
    expect(said).toHaveLength(QUEUES.length);
  });

  it('says of every part how a second one shares', () => {
    const said = table('Who scales how')
      .slice(2)
      .map(([part]) => part);
    expect(said.toSorted()).toEqual(ALL_PARTS.toSorted());
  });
});

/** All that parts share, as it must be. */
const SERVERS = {
  EVENT_STORE_URL: 'esdb://store:2113?tls=false',
  BUS_URL: 'amqp://user:secret-in-url@bus:5672',
  READ_MODELS_URL: 'mongodb://user:secret-in-url@documents/taskledger',
  SECRETS_URL: 'mongodb://user:secret-in-url@documents/taskledger_secrets',
  CACHE_URL: 'redis://cache:6379',
  FILES_URL: 's3://files?endpoint=http://store:9000&pathStyle=1',
  JWT_SECRET: 'a secret of the tests, thirty-two and more',
  ADMIN_EMAIL: 'admin@example.org',
  ADMIN_PASSWORD: 'the admin of the tests',
  PUBLIC_URL: 'https://tasks.example.org',
};
const OF_NEED: Partial<Record<Need, keyof typeof SERVERS>> = {
  store: 'EVENT_STORE_URL',
  bus: 'BUS_URL',
  readModels: 'READ_MODELS_URL',
  personKeys: 'SECRETS_URL',
  cache: 'CACHE_URL',
  files: 'FILES_URL',
};

const without = (...names: string[]) => Object.fromEntries(Object.entries(SERVERS).filter(([name]) => !names.includes(name)));
function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return '';
}

describe('a part as a process of its own', () => {
  it.each(ALL_PARTS)('%s starts with servers for all that it needs, and without those that it does not', (part) => {
    expect(problemsAlone(part, SERVERS)).toEqual([]);
    const notNeeded = Object.entries(OF_NEED).flatMap(([need, name]) => (needsOf([part]).has(need as Need) ? [] : [name]));
    expect(problemsAlone(part, without(...notNeeded))).toEqual([]);
  });

  it.each(ALL_PARTS)('%s names every variable that is no server, and only those', (part) => {
    const refusal = refusalOf(() => readConfig({}, unusedBy(part), (given) => problemsAlone(part, given)));
    expect(refusal).toContain('ADMIN_EMAIL must be set');
    // Who asks for no caller's session has no use for what signs their tokens.
    expect(refusal.includes('JWT_SECRET must be set')).toBe(needsOf([part]).has('secrets'));
    const named = Object.values(OF_NEED).filter((name) => refusal.includes(`${name} must name a server, like `));
    const needed = Object.entries(OF_NEED).flatMap(([need, name]) => (needsOf([part]).has(need as Need) ? [name] : []));
    expect(named).toEqual(needed);
    expect(refusal).toContain(`${part} as a process of its own`);
  });

  it.each(['forwarder', 'projections'] as const)(
    '%s starts on servers without the secret that signs tokens, and reads none that is there',
    (part) => {
      const config = readConfig(without('JWT_SECRET'), unusedBy(part), (given) => problemsAlone(part, given));
      expect(config.EVENT_STORE_URL).toBe(SERVERS.EVENT_STORE_URL);
      expect(readConfig(SERVERS, unusedBy(part)).JWT_SECRET).toBeUndefined();
      expect(refusalOf(() => readConfig(without('JWT_SECRET'), unusedBy('gateway')))).toContain('JWT_SECRET');
    },
  );

  it('counts limits on a server, that of LIMITS_URL where it is set, and sends to what it knows', () => {
    const wrong = { ...SERVERS, LIMITS_URL: 'memory:', MAIL_URL: 'elsewhere:', SMS_URL: 'elsewhere:' };
    for (const part of ALL_PARTS) {
      const [said = ''] = problemsAlone(part, wrong);
      expect([part, said.includes('LIMITS_URL must name a server')]).toEqual([part, needsOf([part]).has('secrets')]);
      for (const name of ['MAIL_URL', 'SMS_URL']) expect([part, said.includes(`${name} must say where to`)]).toEqual([part, part === 'notifier']);
    }
    const right = { ...SERVERS, LIMITS_URL: 'redis://limits:6379', MAIL_URL: 'smtp://mail', SMS_URL: 'none:' };
    expect(ALL_PARTS.flatMap((part) => problemsAlone(part, right))).toEqual([]);
  });

  it('is one of the table, by its own name', () => {
    expect(ALL_PARTS.every(isPart)).toBe(true);
    for (const none of ['', 'worker', 'toString', '__proto__', 'Gateway']) expect(isPart(none), none).toBe(false);
  });
});

describe('the folder', () => {
  it('is used by whatever keeps something embedded', () => {
    const embedded = readConfig({});
    expect(ALL_PARTS.filter((part) => !usesFolder(needsOf([part]), embedded))).toEqual([]);
    const all = needsOf(ALL_PARTS);
    const sent = { MAIL_URL: 'smtp://mail', SMS_URL: 'https://AC1:token@sms/Messages.json' };
    expect(usesFolder(all, readConfig({ ...SERVERS, ...sent }))).toBe(false);
    for (const name of ['MAIL_URL', 'SMS_URL']) expect(usesFolder(all, readConfig({ ...SERVERS, ...sent, [name]: 'outbox:' })), name).toBe(true);
  });

  it('is used by the outbox alone where all else is servers', () => {
    expect(ALL_PARTS.filter((part) => usesFolder(needsOf([part]), readConfig(SERVERS)))).toEqual(['notifier']);
    expect(usesFolder(needsOf(['notifier'], ['mailer', 'texter']), readConfig(SERVERS))).toBe(false);
  });

  it('is not used for what lives in memory', () => {
    expect(usesFolder(needsOf(['forwarder']), readConfig(without('BUS_URL', 'CACHE_URL')))).toBe(false);
  });
});

describe('variables beside each other', () => {
  it('are right together', () => {
    expect(readConfig(SERVERS)).toMatchObject(SERVERS);
  });

  it.each(['JWT_SECRET', 'ADMIN_EMAIL'])('%s must be set where the event store is a server', (name) => {
    expect(refusalOf(() => readConfig(without(name)))).toBe(`${name} must be set where EVENT_STORE_URL is a server`);
    expect(refusalOf(() => readConfig({ ...SERVERS, [name]: '' }))).toContain(name);
    expect(refusalOf(() => readConfig(without(name, 'EVENT_STORE_URL')))).toBe('');
  });

  it('name all three at once', () => {
    const refusal = refusalOf(() => readConfig({ EVENT_STORE_URL: SERVERS.EVENT_STORE_URL }));
    for (const name of ['JWT_SECRET', 'ADMIN_EMAIL']) expect(refusal).toContain(name);
  });

  it('have files at another origin than pages, where they have one of their own', () => {
    const read = (PUBLIC_URL: string, MEDIA_PUBLIC_URL: string) => refusalOf(() => readConfig({ ...SERVERS, PUBLIC_URL, MEDIA_PUBLIC_URL }));
    expect(read('https://tasks.example.org/', 'https://tasks.example.org')).toMatch(/^MEDIA_PUBLIC_URL must be another origin/);
    expect(read('https://tasks.example.org', 'https://files.example.org')).toBe('');
  });

  it('keep secrets in another database than the read models', () => {
    const refusal = /^SECRETS_URL must name another database than READ_MODELS_URL/;
    const urls = { READ_MODELS_URL: 'mongodb://a:27017,b/taskledger?replicaSet=rs0' };
    for (const SECRETS_URL of [urls.READ_MODELS_URL, 'mongodb://user:secret@B:27017,a/taskledger', 'mongodb://a,b/taskledger?authSource=admin'])
      expect(refusalOf(() => readConfig({ ...SERVERS, ...urls, SECRETS_URL }))).toMatch(refusal);
    for (const SECRETS_URL of ['mongodb://a:27017,b/taskledger_secrets', 'mongodb://a/taskledger', 'mongodb://a,b:27018/taskledger'])
      expect(refusalOf(() => readConfig({ ...SERVERS, ...urls, SECRETS_URL }))).toBe('');
  });

  it.each([
    ['EVENT_STORE_URL', ['http://store:2113', 'esdb:', 'esdb://', 'sqlite', 'store:2113', 'mongodb://store']],
    ['BUS_URL', ['http://bus', 'amqp:', 'amqp://', 'redis://bus', 'memory']],
    ['READ_MODELS_URL', ['http://documents', 'mongodb:', 'mongodb://', 'esdb://documents']],
    ['SECRETS_URL', ['http://documents', 'mongodb:', 'memory:']],
    ['CACHE_URL', ['http://cache', 'redis:', 'redis://', 'sqlite:']],
    ['LIMITS_URL', ['http://limits', 'redis:', 'redis://', 'sqlite:']],
  ])('a wrong %s is named, with how it should be, and not repeated', (name, wrong) => {
    for (const url of wrong) {
      const refusal = refusalOf(() => readConfig({ ...SERVERS, [name]: url }));
      expect(refusal, url).toMatch(new RegExp(`^${name} must be (sqlite:|memory:) or like \\w+:\\/\\/\\S+$`));
    }
    expect(refusalOf(() => readConfig({ ...SERVERS, [name]: 'gopher://user:hunter2@host' }))).not.toContain('hunter2');
  });

  it('a URL may name several servers', () => {
    const several = {
      ...SERVERS,
      EVENT_STORE_URL: 'esdb://a:2113,b:2113,c:2113?tls=false',
      READ_MODELS_URL: 'mongodb://a,b:27018/taskledger?replicaSet=rs0',
    };
    expect(readConfig(several)).toMatchObject(several);
  });
});
