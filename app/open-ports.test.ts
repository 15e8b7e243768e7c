import { pino } from 'pino';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import { openMetrics } from '../platform/http/metrics.ts';
import { openClosers } from './closers.ts';
import { readConfig } from './config.ts';
import { openPorts, type Ports } from './open-ports.ts';
import type { Need } from './parts.ts';
import type { PartContext, startPart } from './start-parts.ts';

/** Ports of a process that needs the bus and the cache, both in memory. */
async function busAndCache(): Promise<Ports> {
  const closers = openClosers();
  onTestFinished(closers.closeAll);
  const context = { log: pino({ level: 'silent' }), metrics: openMetrics(), closers, signal: new AbortController().signal, waits: new Set<string>() };
  const needs: ReadonlySet<Need> = new Set(['bus', 'cache']);
  return openPorts(readConfig({}), needs, context);
}

describe('a port that was not asked for', () => {
  it('is an error that says where to ask for it, and the others are there', async () => {
    const ports = await busAndCache();
    expect(() => ports.store).toThrow('this part was not given store: add it to app/parts.ts');
    expect(await ports.cache.get(['a'])).toEqual([undefined]);
  });

  it('is never just undefined, however ports are passed on', async () => {
    const ports = await busAndCache();
    const passedOn: ((ports: Ports) => Partial<Ports>)[] = [
      (all) => all,
      ({ store }) => ({ store }),
      (all) => ({ ...all }),
      ({ bus: _, ...rest }) => rest,
      (all) => Object.assign({}, all),
      (all) => Object.fromEntries(Object.entries(all)),
      (all) => Object.create(all),
    ];
    for (const passOn of passedOn) expect(() => passOn(ports).store, String(passOn)).toThrow(/app\/parts\.ts|passed on by name/);
  });

  it('is not there for the types, either: a starter gets what its part says it needs, and what is made of that', () => {
    expectTypeOf<PartContext<'forwarder'>['ports']>().toEqualTypeOf<Pick<Ports, 'store' | 'sealedLog' | 'bus'>>();
    expectTypeOf<PartContext<'forwarder'>>().not.toHaveProperty('access');
    expectTypeOf<PartContext<'read-side'>>().not.toHaveProperty('requests');
    expectTypeOf<PartContext<'gateway'>>().toHaveProperty('requests');
    // @ts-expect-error: the forwarder needs no read models
    const wrong: (typeof startPart)['forwarder'] = async ({ ports }) => ({ routes: [String(ports.readModels)] as never });
    expect(wrong).toBeTypeOf('function');
  });
});
