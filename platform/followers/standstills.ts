/**
 * The watch over standstills: a follower or a read model that has something to do, and does not get on, is not ready, is logged once with since when
 * and why, and is a metric. A lag alone says less: it grows where there is much to do, too.
 *
 *     const standstills = watchStandstills({ paces: () => followers.flatMap(({ paces }) => paces), head: store.head, lost: () => [], log });
 *     standstills.waits();
 *     standstills.stop();
 */
import type { Position } from '../../contracts/message.ts';
import type { Pace } from './pace.ts';

export interface Standstills {
  /** What stands still for longer than the bound, each with its time and its reason. */
  waits(): string[];
  /** Seconds for which each has stood still, by its name; 0 where it gets on, has nothing to do or stands by. */
  seconds(): Record<string, number>;
  stop(): void;
}

export interface StandstillOptions {
  paces(): readonly Pace[];
  /** Resolves to the position of the log's last event. */
  head(): Promise<Position>;
  /** The servers that this process has lost and waits for, without which nobody knows whose turn it is. */
  lost(): readonly string[];
  log: { info(data: object, message: string): void; error(data: object, message: string): void };
  /** Milliseconds after which it is told; default 30,000. */
  bound?: number;
  /** Milliseconds between two looks; default 2,000. */
  every?: number;
}

/** One pace, as the looks found it. */
interface Look {
  step: unknown;
  /** The time of the last look at which it had got on or had nothing to do, on the monotonic clock. */
  well: number;
  /** The end of the log then: where a server is lost, only what came after it is known to be left to do. */
  head: Position;
  /** True where the last look found that it stood. */
  stood: boolean;
  isSaid: boolean;
}

/** Begins to look, until `stop`. */
export function watchStandstills(options: StandstillOptions): Standstills {
  const { paces, log, bound = 30_000, every = 2_000 } = options;
  const looks = new Map<string, Look>();
  let lookedAt = performance.now();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function lookAt(pace: Pace, head: Position): void {
    const found = looks.get(pace.name);
    const step = pace.step();
    if (found && found.step === step && stands(pace, found, head)) {
      found.stood = true;
      say(pace, found);
      return;
    }
    if (found?.isSaid) log.info({ name: pace.name, seconds: secondsOf(found) }, `${pace.name} goes on`);
    looks.set(pace.name, { step, well: performance.now(), head, stood: false, isSaid: false });
  }

  function stands(pace: Pace, found: Look, head: Position): boolean {
    if (pace.hasTurn()) return pace.isBehind(head);
    return options.lost().length > 0 && head > found.head;
  }

  function say(pace: Pace, look: Look): void {
    if (look.isSaid || secondsOf(look) * 1_000 < bound) return;
    look.isSaid = true;
    const [since, reason] = [sinceOf(look), reasonOf(pace)];
    log.error({ name: pace.name, since, reason }, `${pace.name} stands still since ${since}: ${reason}`);
  }

  function reasonOf(pace: Pace): string {
    const [server] = options.lost();
    return pace.trouble() ?? (server === undefined ? 'what it has in hand is not done yet' : `it waits for ${server}`);
  }

  /** Lets time count that this process has seen: none while it was stopped itself, nor while the log cannot be read, which is told elsewhere. */
  function forgive(milliseconds: number): void {
    for (const found of looks.values()) if (!found.isSaid) found.well += milliseconds;
  }

  function lookAtAll(head: Position | null): void {
    const passed = performance.now() - lookedAt;
    lookedAt += passed;
    if (head === null || passed > 3 * every) forgive(passed);
    if (head !== null) for (const pace of paces()) lookAt(pace, head);
  }

  async function look(): Promise<void> {
    const head = await options.head().catch(() => null);
    if (stopped) return;
    lookAtAll(head);
    timer = setTimeout(look, every).unref();
  }

  void look();
  return {
    waits: () =>
      paces().flatMap((pace) => {
        const found = looks.get(pace.name);
        return found?.isSaid ? [`${pace.name}, which stands still since ${sinceOf(found)} (${reasonOf(pace)})`] : [];
      }),
    seconds: () => Object.fromEntries([...looks].map(([name, found]) => [name, found.stood ? secondsOf(found) : 0])),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function secondsOf({ well }: Look): number {
  return (performance.now() - well) / 1_000;
}

/** The time since when it stands still, ISO 8601, for people. */
function sinceOf(look: Look): string {
  return new Date(Date.now() - secondsOf(look) * 1_000).toISOString();
}
