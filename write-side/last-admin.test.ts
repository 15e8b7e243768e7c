/** Admins who take each other's role, or delete each other, at once: one of them stays an admin. */
import { createHmac, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { startRig } from '../platform/event-store/double/rig.fixture.ts';
import { all } from '../platform/event-store/event-store.suite.ts';
import type { EventStore } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { problemOfError } from '../platform/http/problem-of.ts';
import type { UserState } from './deciders/user.ts';
import { commandHandler, type OpenCommandHandler } from './handle-command.ts';
import { NOW } from './spec.fixture.ts';

const hmac = (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
const SYSTEM = { id: 'system', role: 'system', seesAll: true } as const;

async function onSqlite(): Promise<{ store: EventStore; end(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'last-admin-'));
  const store = await openEventStore('sqlite:', { dataDir, log: { warn: () => {}, error: () => {} } });
  const end = async () => {
    await store.close();
    rmSync(dataDir, { recursive: true });
  };
  return { store, end };
}

async function onEventStoreDb(): Promise<{ store: EventStore; end(): Promise<void> }> {
  const rig = await startRig();
  return { store: await rig.open(), end: () => rig.end() };
}

let end = async () => {};
afterEach(() => end());

/** A process of its own: it keeps the states that it has read. */
const processOn = (store: EventStore) => commandHandler({ store, hmac, log: { warn: () => {} } });

async function send(to: OpenCommandHandler, type: string, id: string, { data = null, by }: { data?: unknown; by?: string }): Promise<number> {
  const actor = by === undefined ? SYSTEM : ({ id: by, role: 'admin', seesAll: true } as const);
  const command = { type, stream: `user-${id}`, id, data, commandId: randomUUID(), actor, now: NOW };
  return to.handle(command, { correlationId: randomUUID() }).then(
    () => 200,
    // Where many wait for their turn, one may be told to try again.
    (error: unknown) => problemOfError(error, { info: () => {}, warn: () => {}, error: () => {} }, {}).status,
  );
}

async function admins(store: EventStore, count: number): Promise<string[]> {
  const made = Array.from({ length: count }, () => randomUUID());
  const to = processOn(store);
  for (const id of made) await send(to, 'RegisterUser', id, { data: { name: 'Admin', email: `${id}@example.org`, role: 'admin' } });
  return made;
}

async function stillAdmins(store: EventStore, ids: string[]): Promise<string[]> {
  const states = await Promise.all(ids.map((id) => processOn(store).load<UserState>(`user-${id}`)));
  return ids.filter((_, n) => states[n]?.state.role === 'admin' && !states[n]?.state.deleted);
}

const demote = { type: 'ChangeUserRole', data: { role: 'member' } };
const remove = { type: 'DeleteUser', data: null };

describe.each([
  ['embedded', onSqlite, 20],
  ['EventStoreDB', onEventStoreDb, 5],
] as const)('on %s', (_, open, runs) => {
  it('two who demote or delete each other at once leave one, twenty times over', async () => {
    const opened = await open();
    end = opened.end;
    const pairs = await Promise.all(Array.from({ length: 20 }, () => admins(opened.store, 2)));
    const ways = [demote, remove];
    await Promise.all(
      pairs.map(async ([one = '', two = ''], n) => {
        const [first = demote, second = demote] = [ways[n % 2], ways[(n >> 1) % 2]];
        await Promise.all([
          send(processOn(opened.store), first.type, two, { data: first.data, by: one }),
          send(processOn(opened.store), second.type, one, { data: second.data, by: two }),
        ]);
      }),
    );
    for (const pair of pairs) expect((await stillAdmins(opened.store, pair)).length).toBeGreaterThan(0);
  });

  it('two who give each other another address at once leave one who is confirmed, twenty times over', async () => {
    const opened = await open();
    end = opened.end;
    const pairs = await Promise.all(Array.from({ length: 20 }, () => admins(opened.store, 2)));
    for (const id of pairs.flat()) await send(processOn(opened.store), 'ConfirmUser', id, {});
    const give = (id: string, by: string) => send(processOn(opened.store), 'EditUser', id, { data: { email: `other-${id}@example.org` }, by });
    // Pair after pair: where many wait for their turn, each may be told to try again.
    for (const [one = '', two = ''] of pairs) await Promise.all([give(one, two), give(two, one)]);
    const { load } = processOn(opened.store);
    const left: number[] = [];
    for (const pair of pairs) {
      const states = await Promise.all(pair.map(async (id) => (await load<UserState>(`user-${id}`)).state));
      left.push(states.filter(({ confirmed }) => confirmed).length);
    }
    expect(left).not.toContain(0);
    expect(left).toContain(1);
  });

  it.each(['system', 'operator'])(
    '%s takes the role of an admin, or deletes one, only where another one that is named stays, at once too',
    async (by) => {
      const opened = await open();
      end = opened.end;
      const [one = '', two = '', gone = ''] = await admins(opened.store, 3);
      for (const id of [one, two, gone]) await send(processOn(opened.store), 'ConfirmUser', id, {});
      await send(processOn(opened.store), remove.type, gone, { by: one });
      const to = processOn(opened.store);
      const without = (beside?: string) => ({ by, data: { role: 'member', ...(beside ? { beside } : {}) } });
      expect([
        await send(to, demote.type, one, without()),
        await send(to, demote.type, one, without(gone)),
        await send(to, remove.type, one, { by }),
      ]).toEqual([409, 409, 409]);
      await Promise.all([
        send(processOn(opened.store), demote.type, one, without(two)),
        send(processOn(opened.store), demote.type, two, without(one)),
      ]);
      expect(await stillAdmins(opened.store, [one, two])).toHaveLength(1);
    },
  );

  it('a ring of twenty who each demote the next one at once leaves one', async () => {
    const opened = await open();
    end = opened.end;
    const ring = await admins(opened.store, 20);
    const to = [processOn(opened.store), processOn(opened.store)];
    const { type, data } = demote;
    await Promise.all(ring.map((id, n) => send(to[n % 2] ?? processOn(opened.store), type, ring[(n + 1) % 20] ?? '', { data, by: id })));
    expect((await stillAdmins(opened.store, ring)).length).toBeGreaterThan(0);
  });

  it('whoever takes whose role, in whatever order and however many at once, there is an admin', async () => {
    const opened = await open();
    end = opened.end;
    const who = fc.nat(3);
    const step = fc.array(fc.record({ by: who, of: who, way: fc.constantFrom(demote, remove) }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
        const ids = await admins(opened.store, 4);
        const to = [processOn(opened.store), processOn(opened.store)];
        for (const together of steps) {
          await Promise.all(
            together.map(({ by, of, way }, n) =>
              send(to[n % 2] ?? processOn(opened.store), way.type, ids[of] ?? '', { data: way.data, by: ids[by] ?? '' }),
            ),
          );
          expect((await stillAdmins(opened.store, ids)).length).toBeGreaterThan(0);
        }
      }),
      { numRuns: runs },
    );
  });

  it('one after the other each is let go, without a trace on the streams of others', async () => {
    const opened = await open();
    end = opened.end;
    const [first = '', ...others] = await admins(opened.store, 4);
    const to = processOn(opened.store);
    for (const id of others) expect(await send(to, demote.type, id, { data: demote.data, by: first })).toBe(200);
    expect(await stillAdmins(opened.store, [first, ...others])).toEqual([first]);
    for (const id of others) {
      const events = await all(opened.store.readStream(`user-${id}`));
      expect(events.map(({ type }) => type)).toEqual(['UserCreated', 'UserRoleChanged']);
    }
    expect(await send(to, demote.type, first, { data: demote.data, by: others[0] ?? '' })).toBe(403);
  });
});
