/** What each process of a part owes to who runs it: health, patience, a graceful end, a standby, and the operator's commands across processes. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ALL_PARTS } from '../app/parts.ts';
import { CONSUMED } from '../app/queues.ts';
import { describeWith } from '../servers/for-tests.fixture.ts';
import { freePort } from '../servers/free-port.ts';
import { DISTRIBUTED, type Distributed, openDistributed, type PartProcess } from './distributed.fixture.ts';
import { type Program, runProgram } from './program.fixture.ts';

const patience = { timeout: 30_000, interval: 50 };

describeWith(DISTRIBUTED, 'parts as processes of their own', () => {
  let system: Distributed;
  const programs: Program[] = [];
  const run = (args: string[], env: Record<string, string> = {}) => {
    const program = runProgram(args, { ...system.env, PORT: '0', ...env });
    programs.push(program);
    return program;
  };

  beforeAll(async () => {
    system = await openDistributed({ copies: { forwarder: 2, projections: 2, 'write-side': 2, 'read-side': 2 } });
  }, 120_000);
  afterAll(async () => {
    await Promise.all(programs.map((one) => one.end('SIGKILL')));
    await system?.remove();
  });

  const health = async (one: PartProcess) =>
    (await (await fetch(`${one.url()}/readyz`)).json()) as { followers: Record<string, { active: boolean }> };
  const isActive = async (one: PartProcess) => Object.values((await health(one)).followers).some(({ active }) => active);

  /** The one of these that is active, once there is one. */
  function activeOf(processes: readonly PartProcess[]): Promise<PartProcess> {
    return vi.waitFor(async () => {
      const found = await Promise.all(processes.map(isActive));
      expect(found.filter(Boolean)).toHaveLength(1);
      return processes[found.indexOf(true)] as PartProcess;
    }, patience);
  }

  async function taskAppears(title: string): Promise<void> {
    const created = await system.admin.ok('POST /api/tasks', { title });
    await vi.waitFor(async () => {
      const { status, body } = await system.admin.call(`GET /api/tasks?q=${encodeURIComponent(title)}`, undefined, {
        'read-after': created.headers.get('position') ?? '',
      });
      expect(status).toBe(200);
      expect(body.items).toHaveLength(1);
    }, patience);
  }

  it('each says on its own port that it lives, how far its followers are, and its metrics', async () => {
    for (const one of system.parts) {
      expect(await (await fetch(`${one.url()}/livez`)).json()).toEqual({ status: 'ok' });
      expect(await health(one)).toMatchObject({ status: 'ok', followers: expect.any(Object) });
      expect(await (await fetch(`${one.url()}/metrics`)).text()).toContain('taskledger_');
    }
    const names = await Promise.all(
      ['forwarder', 'projections', 'workers', 'notifier', 'realtime', 'media'].map(async (part) => {
        const [one] = system.parts.filter((it) => it.part === part);
        return one ? Object.keys((await health(one)).followers) : [];
      }),
    );
    const rows = Object.values(CONSUMED).flatMap(({ followers }) => followers);
    expect(names.flat().toSorted()).toEqual(['forwarder', ...rows.map(({ name }) => name)].toSorted());
  });

  it.each(['forwarder', 'projections'] as const)('of two of %s one is active; the standby takes over when it is killed', async (part) => {
    const active = await activeOf(system.of(part));
    await taskAppears(`Before the end of ${part}`);
    await active.kill();
    const next = await activeOf(system.of(part).filter((one) => one !== active));
    expect(next).not.toBe(active);
    await taskAppears(`After the end of ${part}`);
    await active.start();
    expect(await activeOf(system.of(part))).toBe(next);
  });

  it('either of two that share a load goes, and clients notice nothing but a repeat', async () => {
    for (const part of ['write-side', 'read-side'] as const) {
      const [one] = system.of(part);
      await one?.kill();
      await taskAppears(`Without one of ${part}`);
      await one?.start();
    }
  });

  it('a rebuild and its progress are asked of the gateway, and done by the projections process that is active', async () => {
    const before = (await system.admin.ok('GET /api/admin/projections')).body.items.find((one: { name: string }) => one.name === 'task_list');
    // Who is active may have changed a moment ago.
    await vi.waitFor(async () => {
      const { body, status } = await system.admin.call('POST /api/admin/projections/task_list/rebuild', {});
      expect({ status, state: body.state }).toEqual({ status: 202, state: 'running' });
    }, patience);
    await vi.waitFor(
      async () => expect((await system.admin.ok('GET /api/admin/projections/task_list/rebuild')).body).toMatchObject({ state: 'done' }),
      patience,
    );
    const after = (await system.admin.ok('GET /api/admin/projections')).body.items.find((one: { name: string }) => one.name === 'task_list');
    expect(after).toMatchObject({ generation: before.generation + 1, lag: 0, rebuilding: false });
  });

  it('npm start -- replay asks the same way', async () => {
    const replay = run(['replay', 'task_list', 'user_directory']);
    expect(await replay.ended).toEqual({ code: 0, signal: null });
    expect(replay.stdout()).toMatch(/task_list {2}[\d ]+ events in .* s, .*\nuser_directory {2}/);
  });

  it('queues are listed with their depth and who consumes them', async () => {
    const { body } = await system.admin.ok('GET /api/admin/queues');
    expect(Object.fromEntries(body.items.map((one: { name: string; consumers: number }) => [one.name, one.consumers]))).toMatchObject({
      projections: 1,
      user_registration: 1,
      notifications: 1,
      email_notifications: 2,
    });
  });

  it('a part waits for a server that is not there, says for which, and ends when it is told to', async () => {
    const port = await freePort();
    const program = run(['write-side'], { EVENT_STORE_URL: 'esdb://127.0.0.1:9?tls=false', PORT: String(port) });
    const asked = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    await vi.waitFor(
      async () => expect(await (await asked('/readyz')).text()).toContain('Waits for the event store at esdb://127.0.0.1:9'),
      patience,
    );
    expect([(await asked('/readyz')).status, (await asked('/livez')).status, (await asked('/api/tasks')).status]).toEqual([503, 200, 503]);
    expect(program.stderr()).toContain('waiting for the event store at esdb://127.0.0.1:9');
    expect(program.stdout()).toBe('');
    expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it.each([
    ['BUS_URL', (url: string) => url.replace('guest:guest', 'guest:wrong')],
    ['BUS_URL', (url: string) => `${url}_which_is_not_there`],
  ])('what a server refuses ends the start with one clear line: %s', async (name, wrong) => {
    const program = run(['forwarder'], { [name]: wrong(system.env[name] ?? '') });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.stderr().trim().split('\n').at(-1)).toMatch(/^taskledger: amqp:.* refuses /);
    expect(program.stderr()).not.toContain('wrong@');
  });

  it('a part of its own is refused where others could not see what it keeps', async () => {
    const program = run(['write-side'], { EVENT_STORE_URL: '', SECRETS_URL: 'sqlite:' });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.stderr()).toMatch(
      /^taskledger: write-side as a process of its own: EVENT_STORE_URL must name a server, .*SECRETS_URL must name a server/,
    );
  });

  describe('the notifier with workers in processes of their own', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'workers-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    const workers = { MAIL_URL: 'smtp://127.0.0.1:9', LOG_LEVEL: 'warn' };
    const consumers = async () =>
      (await system.admin.ok('GET /api/admin/queues')).body.items.find((one: { name: string }) => one.name === 'email_notifications')
        .consumers as number;
    const started = (program: Program) =>
      [...program.stderr().matchAll(/notifier email listens on \S+ \(pid (\d+)\)/g)].map(([, pid]) => Number(pid));

    it('are started, started again when one dies, and stopped with it', async () => {
      const program = run(['notifier', '--workers', 'email=2'], { ...workers, DATA_DIR: folder });
      await program.url();
      await vi.waitFor(async () => expect(await consumers()).toBe(4), patience);
      const [first] = started(program);
      process.kill(first ?? 0, 'SIGKILL');
      await vi.waitFor(() => expect(started(program)).toHaveLength(3), patience);
      await vi.waitFor(async () => expect(await consumers()).toBe(4), patience);
      expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });
      await vi.waitFor(async () => expect(await consumers()).toBe(2), patience);
    });

    it('send SMS too, and the channel that is not named stays with the notifier', async () => {
      const sms = { SMS_URL: 'http://AC1:token@127.0.0.1:9/Messages.json' };
      const program = run(['notifier', '--workers', 'sms=2'], { ...workers, ...sms, DATA_DIR: folder });
      await program.url();
      const of = async (queue: string) =>
        (await system.admin.ok('GET /api/admin/queues')).body.items.find((one: { name: string }) => one.name === queue)?.consumers as number;
      // The one notifier that is always there sends both.
      await vi.waitFor(async () => expect([await of('sms_notifications'), await of('email_notifications')]).toEqual([3, 4]), patience);
      expect(program.stderr().match(/notifier sms listens on/g)).toHaveLength(2);
      expect(await program.end('SIGTERM')).toEqual({ code: 0, signal: null });
      await vi.waitFor(async () => expect(await of('sms_notifications')).toBe(1), patience);
    });

    it('end by themselves when it is killed', async () => {
      const program = run(['notifier', '--workers', 'email=1'], { ...workers, DATA_DIR: folder });
      await program.url();
      await vi.waitFor(async () => expect(await consumers()).toBe(3), patience);
      await program.end('SIGKILL');
      await vi.waitFor(async () => expect(await consumers()).toBe(2), patience);
    });

    it('need a mail server: an outbox is one process’s', async () => {
      const program = run(['notifier', '--workers', 'email=1'], { DATA_DIR: folder });
      expect(await program.ended).toEqual({ code: 1, signal: null });
      expect(program.stderr()).toContain('MAIL_URL must name a mail server');
    });
  });

  it('SIGTERM under load ends each part with 0, and what was answered is there when it is back', async () => {
    const titles: string[] = [];
    for (const part of ALL_PARTS) {
      const [one] = system.of(part);
      const load = Array.from({ length: 10 }, async (_, n) => {
        const title = `While ${part} ends ${n}`;
        if ((await system.admin.call('POST /api/tasks', { title })).status === 201) titles.push(title);
      });
      expect({ part, ended: await one?.program().end('SIGTERM') }).toEqual({ part, ended: { code: 0, signal: null } });
      await Promise.all(load);
      await one?.start();
    }
    for (const title of titles) {
      await vi.waitFor(
        async () => expect((await system.admin.ok(`GET /api/tasks?limit=1&q=${encodeURIComponent(title)}`)).body.items).toHaveLength(1),
        patience,
      );
    }
  });
});
