/** docker-compose.yml as podman-compose can start it on stand-ins: the differences, each with its reason, and the order of the starts. */
import { resolve } from 'node:path';
import { CHECKOUT } from '../../app/checkout-folder.ts';
import { ALL_PARTS } from '../../app/parts.ts';
import type { ComposeFile, ComposeService } from '../compose-file.ts';

/** What the file that is started has otherwise than docker-compose.yml, for people. */
export const DIFFERENCES = [
  'depends_on and healthcheck: kept by this command (podman asks for health by timers of systemd), by the same commands and in the same order',
  'tmpfs: without an owner (podman 4 gives it none), on folders of the stand-in that everybody may write to',
  'networks: without options of docker’s own driver',
  'ports: free ones of the loopback',
  'logging: what podman keeps of itself',
  'ulimits: where some are set, that of processes, too (podman sets the others to more than a machine may allow, and then starts nothing)',
  'mongodb-first-start: ends well without a word, since the stand-in for MongoDB has no replica sets; so the parts are given its URLs without passwords',
] as const;

/** As podman.ts has it for services that set none. */
const PROCESSES = 4_096;

const WITHOUT_PASSWORDS = { READ_MODELS_URL: 'mongodb://mongodb:27017/taskledger', SECRETS_URL: 'mongodb://mongodb:27017/taskledger_secrets' };

/** The services in waves: all of a wave can be started when those of the waves before it have come to what is waited for. Error: a ring. */
export function wavesOf({ services }: Pick<ComposeFile, 'services'>): string[][] {
  const left = new Map(Object.entries(services));
  const waves: string[][] = [];
  while (left.size > 0) {
    const wave = [...left].filter(([, { depends_on = {} }]) => Object.keys(depends_on).every((name) => !left.has(name))).map(([name]) => name);
    if (wave.length === 0) throw new Error(`these wait for one another, or for what is not there: ${[...left.keys()].join(', ')}`);
    for (const name of wave) left.delete(name);
    waves.push(wave);
  }
  return waves;
}

/** Where a start publishes: the port of this machine for a published one. */
export interface Places {
  port(published: string): number;
}

/** The file that podman-compose is given, as data. */
export function asPodmanRunsIt(compose: ComposeFile, places: Places): Record<string, unknown> {
  const services = Object.fromEntries(Object.entries(compose.services).map(([name, service]) => [name, serviceAsRun(name, service, places)]));
  const networks = Object.entries(compose.networks).map(([name, { driver_opts, ...rest }]) => [name, rest]);
  return { services, networks: Object.fromEntries(networks), volumes: compose.volumes };
}

function serviceAsRun(name: string, service: ComposeService, places: Places): Record<string, unknown> {
  const { depends_on, healthcheck, ports = [], tmpfs = [], volumes = [], environment = {}, build, ulimits, ...rest } = service;
  const isPart = (ALL_PARTS as readonly string[]).includes(name);
  return {
    ...rest,
    logging: undefined,
    ...(ulimits && { ulimits: { nproc: PROCESSES, ...ulimits } }),
    tmpfs: tmpfs.map((one) => one.replace(/:uid=.*/, '')),
    pull_policy: 'never',
    ...(name === 'mongodb-first-start' && { entrypoint: ['true'] }),
    // The people of the tests read no mails.
    environment: { ...environment, ...(isPart && { ...WITHOUT_PASSWORDS, UNCONFIRMED: 'all' }) },
    volumes: volumes.map((one) => (one.startsWith('.') ? resolve(CHECKOUT, one) : one)),
    ports: ports.map((published) => `127.0.0.1:${places.port(published)}:${published.split(':').at(-1)}`),
  };
}
