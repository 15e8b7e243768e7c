import { expect, test } from 'vitest';
import { CHECKOUT } from '../../app/checkout-folder.ts';
import { ALL_PARTS } from '../../app/parts.ts';
import { readComposeFile } from '../compose-file.ts';
import { asPodmanRunsIt, wavesOf } from './as-podman-runs-it.ts';
import { STAND_INS } from './stand-ins.ts';

const compose = readComposeFile();

test('starts each service after those that it waits for, and none twice', () => {
  const waves = wavesOf(compose);
  const waveOf = new Map(waves.flatMap((wave, at) => wave.map((name) => [name, at] as const)));
  expect(waves.flat().toSorted()).toEqual(Object.keys(compose.services).toSorted());
  for (const [name, { depends_on = {} }] of Object.entries(compose.services))
    for (const other of Object.keys(depends_on)) expect(waveOf.get(other), `${name} after ${other}`).toBeLessThan(waveOf.get(name) ?? -1);
});

test('says which services wait for one another in a ring', () => {
  const one = compose.services.proxy;
  const ring = { services: { a: { ...one, depends_on: { b: { condition: '' } } }, b: { ...one, depends_on: { a: { condition: '' } } } } };
  expect(() => wavesOf(ring as never)).toThrow('a, b');
});

test('has each service as docker-compose.yml has it, but for what podman-compose cannot do', () => {
  const run = asPodmanRunsIt(compose, { port: () => 20_001 });
  const services = run.services as Record<string, Record<string, unknown>>;
  const keys = ['image', 'command', 'networks', 'mem_limit', 'cpuset', 'cap_drop', 'read_only', 'user', 'pids_limit', 'security_opt'] as const;
  for (const [name, service] of Object.entries(compose.services)) {
    const of = (one: object) => keys.map((key) => (one as Record<string, unknown>)[key]);
    expect(of(services[name] ?? {}), name).toEqual(of(service));
  }
  expect(services.proxy?.tmpfs).toEqual(['/tmp', '/run', '/etc/nginx/conf.d', '/var/cache/nginx']);
  expect(services.gateway?.tmpfs).toEqual(['/tmp']);
  expect(services.proxy?.ports).toEqual(['127.0.0.1:20001:8080']);
  expect(services.rabbitmq?.volumes).toContain(`${CHECKOUT}servers/rabbitmq.conf:/etc/rabbitmq/conf.d/20-taskledger.conf:ro`);
  expect(run.networks).toEqual({ front: { internal: true }, back: { internal: true }, outside: {}, pages: {} });
});

test('sets the limit of processes, too, where a service sets one of its own: podman would raise it above what a machine may allow', () => {
  const { services } = asPodmanRunsIt(compose, { port: () => 20_001 }) as { services: Record<string, { ulimits?: object }> };
  expect(services.proxy?.ulimits).toEqual({ nproc: 4_096, nofile: 10_000 });
  for (const [name, { ulimits }] of Object.entries(compose.services)) if (!ulimits) expect(services[name]?.ulimits, name).toBeUndefined();
});

test('has a stand-in for each image but our own', () => {
  const images = new Set(Object.values(compose.services).map(({ image }) => image));
  images.delete(compose.services.gateway?.image ?? '');
  expect(Object.keys(STAND_INS).map((name) => compose.services[name]?.image)).toEqual(expect.arrayContaining([...images]));
  expect(Object.keys(STAND_INS)).toHaveLength(images.size);
  expect(ALL_PARTS.filter((part) => part in STAND_INS)).toEqual([]);
});
