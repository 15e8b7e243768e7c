/** Waiting until everything that was begun has come to its end. */
import { expect, vi } from 'vitest';
import { ALL_PARTS, type Part } from '../app/parts.ts';
import { CONSUMED } from '../app/queues.ts';
import { categoryOf } from '../contracts/message.ts';
import { onlyCategoryOf } from '../platform/event-bus/queues.ts';
import type { PartProcess } from './distributed.fixture.ts';
import type { FaultWorld } from './faults.fixture.ts';
import { isDecided, notificationsIn, readStory, type Story, type Told, wantedAndRequested } from './faults-log.fixture.ts';
import { openOrders } from './faults-orders.fixture.ts';

export interface SettledOptions {
  /**
   * True where mails may go on waiting for a time that is yet to come: the end of a lease that a killed process left, the next attempt, or,
   * as orders may in any case, the next offer where the queue of offers was lost. Default true.
   */
  waiting?: boolean;
  /** Milliseconds to wait at most. */
  patience?: number;
}

const PATIENCE = 60_000;
/** The followers: the part that runs each, its name, and its category where it follows only one. Of two processes one is active. */
const FOLLOWERS: [Part, string, category?: string | undefined][] = [
  ['forwarder', 'forwarder'],
  ...ALL_PARTS.flatMap((part) => CONSUMED[part].followers.map(({ name, queue }): [Part, string, string?] => [part, name, onlyCategoryOf(queue)])),
];
const OF_ALL = FOLLOWERS.filter(([, , category]) => category === undefined);

type Followers = Record<string, { active: boolean; lag: number }>;

/** The followers of a process, as /readyz tells them; none while it is not ready. */
export async function followersOf(one: PartProcess): Promise<Followers> {
  const answer = await fetch(`${one.url()}/readyz`).catch(() => null);
  return answer?.ok ? ((await answer.json()) as { followers: Followers }).followers : {};
}

/** The process of a part in which this follower is the active one; undefined while there is none. */
export async function activeOf(world: FaultWorld, part: Part, follower: string): Promise<PartProcess | undefined> {
  const processes = world.system.of(part);
  const all = await Promise.all(processes.map(followersOf));
  return processes.find((_, index) => all[index]?.[follower]?.active);
}

/** Milliseconds for which the standby that took a follower over last read where that was; none where none was told. */
export function lastLoading({ system }: FaultWorld, follower: string): number[] {
  const told = [...system.output().matchAll(/^.*"loading":(\d+).*a standby took over/gm)].filter(([line]) =>
    line.includes(`"follower":"${follower}"`),
  );
  return told.slice(-1).map(([, ms]) => Number(ms));
}

/** Resolves to the log, once all follow it to its end, each order is decided and each mail that is due was sent. */
export function settled(world: FaultWorld, { waiting = true, patience = PATIENCE }: SettledOptions = {}): Promise<Story> {
  return vi.waitFor(
    async () => {
      // These first: they are asked without reading all of the log.
      await expectFollowed(world, OF_ALL, () => 0);
      const story = await readStory(world.log);
      await expectFollowed(world, FOLLOWERS, (category) => afterLastOf(story, category));
      const { wanted, requested } = wantedAndRequested(story);
      expect(requested.length, 'notifications asked for').toBe(wanted.length);
      const orders = openOrders(story).filter((last) => !(waiting && last.time <= world.offersLost));
      expect(
        orders.map(({ stream, type }) => `${stream} ${type}`),
        'orders not decided',
      ).toEqual([]);
      const open = notificationsIn(story).filter((one) => !isDecided(one) && !(waiting && mayWait(one, world)));
      expect(
        open.map(({ last }) => `${last.stream} ${last.type}`),
        'mails not sent',
      ).toEqual([]);
      return story;
    },
    { timeout: patience, interval: 100 },
  );
}

/** Each has one active process, which is at its last event. `behind`: so many events may come after that, which are none of a category. */
async function expectFollowed({ system }: FaultWorld, followers: typeof FOLLOWERS, behind: (category?: string) => number): Promise<void> {
  const parts = [...new Set(followers.map(([part]) => part))];
  const states = new Map(await Promise.all(parts.map(async (part) => [part, await Promise.all(system.of(part).map(followersOf))] as const)));
  for (const [part, follower, category] of followers) {
    const active = states.get(part)?.flatMap((all) => (all[follower]?.active ? all[follower] : [])) ?? [];
    expect(active.length, `active processes of ${follower}`).toBe(1);
    expect(active[0]?.lag, `lag of ${follower}`).toBeLessThanOrEqual(behind(category));
  }
}

/** Events after the last one of a category. */
function afterLastOf({ events }: Story, category?: string): number {
  return category === undefined ? 0 : events.length - 1 - events.findLastIndex(({ stream }) => categoryOf(stream) === category);
}

/** True where a notification may wait: its worker was killed, its next attempt is later, or its offer was lost. */
function mayWait({ last }: Told, { killed, offersLost }: FaultWorld): boolean {
  if (last.type === 'NotificationProcessing') return killed.has(Number(last.data.worker.split(':')[1]));
  if (last.type === 'NotificationDeferred') return last.data.nextAttemptAt > new Date().toISOString();
  return last.time <= offersLost;
}
