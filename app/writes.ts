/** What of a process's dependencies must take writes for it to be ready, beside the event store. */
import { randomUUID } from 'node:crypto';
import { tryToPut } from '../media/keep/marks.ts';
import { writeProbe } from '../platform/absences/write-probe.ts';
import type { Ports } from './open-ports.ts';
import type { Part } from './parts.ts';

/** The checks, each with what it waits for: each rejects while its dependency takes nothing. */
export type Writes = readonly (readonly [string, () => Promise<void>])[];

/** Milliseconds for which a file store that has taken something counts as one that takes files: a bucket with versions keeps each try, and its removal. */
const FILES_FRESH = 60_000;

/**
 * The secrets of the gateway: each login changes them. And the store of files of a process that does nothing but files: any other goes on without it, as it
 * does without the bus and the cache.
 */
export function writesOf(parts: readonly Part[], ports: Pick<Ports, 'secrets' | 'files'>): Writes {
  return [
    ...(parts.includes('gateway') ? [['secrets that can be changed', writeProbe(() => changeOf(ports.secrets))] as const] : []),
    ...(parts.every((part) => part === 'media')
      ? [['a file store that takes files', writeProbe(() => tryToPut(ports.files), { fresh: FILES_FRESH })] as const]
      : []),
  ];
}

/** Puts a record that ended long ago: it counts as missing, and is removed as others are that ended. */
function changeOf(secrets: Ports['secrets']): Promise<boolean> {
  return secrets.put('codes', {
    key: 'whether the secrets can be changed',
    value: randomUUID(),
    owner: 'readiness',
    expires: '1970-01-01T00:00:00.000Z',
  });
}
