/** What a process takes of the machine, seen from outside, over time. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Installation } from '../system.fixture.ts';

export interface Gauge {
  /** Seconds since the first one. */
  seconds: number;
  /** Resident memory, in MB. */
  rss: number;
  /** What its heap holds with what nobody has collected yet, in MB; absent where the process did not answer. */
  heap?: number;
  descriptors: number;
  /** The bytes of all write-ahead logs in its data folder. */
  wal: number;
}

export interface Gauges {
  all: readonly Gauge[];
  stop(): Promise<void>;
}

const MB = 1_000_000;

/** Looks every so many milliseconds, the first time at once. */
export function watchGauges(system: Installation, every: number): Gauges {
  const all: Gauge[] = [];
  const begun = performance.now();
  const stopping = Promise.withResolvers<void>();
  const watching = (async () => {
    for (let isOver = false; !isOver; ) {
      all.push(await gaugeOf(system, (performance.now() - begun) / 1_000));
      isOver = await Promise.race([stopping.promise.then(() => true), later(every)]);
    }
  })();
  // Of a process that has gone: `stop` says so.
  watching.catch(() => {});
  return {
    all,
    stop: () => {
      stopping.resolve();
      return watching;
    },
  };
}

const later = (milliseconds: number) => new Promise<false>((resolve) => setTimeout(resolve, milliseconds, false));

async function gaugeOf({ program, dataDir, url }: Installation, seconds: number): Promise<Gauge> {
  const { pid } = program();
  const heap = await heapOf(url());
  return {
    seconds,
    rss: (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / MB,
    ...(heap === undefined ? {} : { heap }),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    wal: walOf(dataDir),
  };
}

async function heapOf(url: string): Promise<number | undefined> {
  const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.text(),
    () => '',
  );
  const bytes = /^nodejs_heap_size_used_bytes(?:\{[^}]*\})? (\d+)/m.exec(answer)?.[1];
  return bytes === undefined ? undefined : Number(bytes) / MB;
}

function walOf(folder: string): number {
  const files = readdirSync(folder).filter((name) => name.endsWith('-wal'));
  return files.reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** The gauges taken within these shares of the time, from 0 to 1. */
export function within(all: readonly Gauge[], from: number, to: number): readonly Gauge[] {
  const last = all.at(-1)?.seconds ?? 0;
  return all.filter(({ seconds }) => seconds >= last * from && seconds <= last * to);
}

/** The least that was ever held: what a collection of garbage leaves. In MB. */
export const leastHeap = (all: readonly Gauge[]): number => Math.min(...all.flatMap(({ heap }) => heap ?? []));

/** Mean resident memory, in MB. */
export const meanRss = (all: readonly Gauge[]): number => all.reduce((sum, { rss }) => sum + rss, 0) / all.length;
