/** Serial numbers and codes of assets through the command handler: each is one asset's, whatever comes between. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Command } from '../contracts/aggregate.ts';
import { siteContract } from '../contracts/site.ts';
import type { CommandContext } from '../platform/command-handler.ts';
import { all } from '../platform/event-store/event-store.suite.ts';
import { type EventStore, StoreUnavailable } from '../platform/event-store/event-store.ts';
import { openEventStore } from '../platform/event-store/open.ts';
import { stableId } from '../platform/stable-id.ts';
import type { AssetState } from './deciders/asset-state.ts';
import { commandHandler } from './handle-command.ts';
import { ADMIN, NOW } from './spec.fixture.ts';

const log = { error: () => {}, warn: () => {} };
const CONTEXT: CommandContext = { correlationId: 'c0ffee00-0000-4000-8000-000000000000', bodyHash: 'one' };
const keyed = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('hex');
const handlerOn = (on: EventStore, key = 'key') => commandHandler({ store: on, hmac: keyed(key), log });

let dataDir: string;
let store: EventStore;
let site: string;
let counter = 0;
const fresh = () => stableId('number', String(++counter));
const ask = (category: string, type: string, data: unknown, id = fresh()): Command => ({
  ...{ type, stream: `${category}-${id}`, id, data, commandId: fresh(), actor: ADMIN, now: NOW },
});
const register = (numbers: object, id = fresh()) => ask('asset', 'RegisterAsset', { site, kind: 'Lift', name: 'Lift', ...numbers }, id);
/** True where a command was done; false where it was refused, or its process died. */
const isDone = (promise: Promise<unknown>) =>
  promise.then(
    () => true,
    () => false,
  );

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'numbers-'));
  store = await openEventStore('sqlite:', { dataDir, log });
  site = fresh();
  const handler = handlerOn(store);
  await handler.handle(ask('site', 'AddSite', siteContract.events.SiteAdded.example, site), CONTEXT);
  await handler.handle(ask('site', 'SetAssetKinds', { kinds: [{ kind: 'Lift', fields: [] }] }, site), CONTEXT);
});
afterEach(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

it('both numbers of an asset are taken again after the key of the reservations was lost', async () => {
  await handlerOn(store).reserveAnew();
  await handlerOn(store).handle(register({ serialNumber: 'S-1', code: 'C-1' }), CONTEXT);
  const after = handlerOn(store, 'another key');
  expect(await after.reserveAnew()).toBe(2);
  for (const numbers of [{ serialNumber: 's-1' }, { code: 'c-1' }]) expect(await isDone(after.handle(register(numbers), CONTEXT))).toBe(false);
});

it('a number that was reserved by a process which died goes to the next one, and the first cannot finish', async () => {
  const dying: EventStore = {
    ...store,
    append: (stream, ...rest) => (stream.startsWith('asset-') ? Promise.reject(new StoreUnavailable('killed')) : store.append(stream, ...rest)),
  };
  const first = register({ code: 'C-1' });
  expect(await isDone(handlerOn(dying).handle(first, CONTEXT))).toBe(false);
  const handler = handlerOn(store);
  expect(await isDone(handler.handle(register({ code: 'C-1' }), CONTEXT))).toBe(true);
  expect((await all(store.readStream(first.stream))).map(({ type }) => type)).toEqual(['AssetAbandoned']);
  expect(await isDone(handler.handle(first, CONTEXT))).toBe(false);
});

it('no number is ever two assets’, however registrations, changes, retirements and deaths interleave', async () => {
  const number = fc.constantFrom('A', 'B', null);
  const numbers = fc.record({ serialNumber: number, code: number });
  const step = fc.record({ who: fc.nat(3), numbers, way: fc.constantFrom('sets', 'retires'), dies: fc.boolean(), on: fc.nat(1) });
  let held = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), fc.scheduler(), async (plan, scheduler) => {
      const there = site;
      const assets = Array.from({ length: 4 }, fresh);
      const interleaved: EventStore = {
        ...store,
        append: async (...args) => {
          await scheduler.schedule(Promise.resolve());
          return store.append(...args);
        },
      };
      const handlers = [handlerOn(interleaved), handlerOn(interleaved)];
      const dead = handlerOn({
        ...interleaved,
        append: (stream, ...rest) =>
          stream.startsWith('asset-') ? Promise.reject(new StoreUnavailable('killed')) : interleaved.append(stream, ...rest),
      });
      // Numbers of this run alone.
      const named = Object.fromEntries(['A', 'B'].map((one) => [one, `${one} ${fresh()}`]));
      const of = ({ serialNumber, code }: { serialNumber: string | null; code: string | null }) => ({
        serialNumber: serialNumber && named[serialNumber],
        code: code && named[code],
      });
      const commands = plan.map(({ who, numbers: wanted, way, dies, on }) => {
        const id = assets[who] ?? '';
        const change = way === 'retires' ? ask('asset', 'RetireAsset', null, id) : ask('asset', 'EditAsset', of(wanted), id);
        const handler = dies ? dead : handlers[on];
        return isDone(Promise.resolve(handler?.handle(register(of(wanted), id), CONTEXT))).then(() =>
          isDone(Promise.resolve(handler?.handle(change, CONTEXT))),
        );
      });
      await scheduler.waitFor(Promise.all(commands));
      const reader = handlerOn(store);
      const states = await Promise.all(assets.map(async (id) => (await reader.load<AssetState>(`asset-${id}`)).state));
      for (const field of ['serialNumber', 'code'] as const) {
        const taken = states.filter(({ exists }) => exists).flatMap((state) => state[field] ?? []);
        expect(new Set(taken).size, `${field} of ${there}`).toBe(taken.length);
        held += taken.length;
      }
    }),
    { numRuns: 40 },
  );
  expect(held).toBeGreaterThan(0);
}, 120_000);
