/** When everything that was begun has come to its end. */
import { expect, vi } from 'vitest';
import type { Part } from '../parts.ts';
import type { PartProcess } from './distributed.fixture.ts';
import type { FaultWorld } from './faults.fixture.ts';
import { isDecided, notificationsIn, readStory, type Story, type Told, wantedAndRequested } from './faults-log.fixture.ts';

export interface SettledOptions {
  /**
   * Mails that wait for a time that is yet to come may go on waiting: for the end of a lease that a killed process left, for the next attempt,
   * and for the next offer where the queue of offers was lost. Default true.
   */
  waiting?: boolean;
  /** Milliseconds. */
  patience?: number;
}

const PATIENCE = 60_000;
/** Who follows, by the part whose processes do. Where two do, one is active. */
const FOLLOWERS: [Part, string][] = [
  ['forwarder', 'forwarder'],
  ['projections', 'projections'],
  ['realtime', 'realtime'],
  ['notifier', 'task_mail'],
  ['notifier', 'registration_mail'],
  ['notifier', 'deadlines'],
  ['notifier', 'notification_dispatcher'],
];
/** Of one category of events: what they did with it tells sooner that they are at its end than their lag, which counts the others, too. */
const OF_ONE_CATEGORY: readonly string[] = ['task_mail', 'registration_mail', 'deadlines', 'notification_dispatcher'];

type Followers = Record<string, { active: boolean; lag: number }>;

/** What a process tells of its followers; nothing while it is not ready. */
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

/** Resolves with the log, when all follow it to its end and each mail that is due was sent. */
export function settled(world: FaultWorld, { waiting = true, patience = PATIENCE }: SettledOptions = {}): Promise<Story> {
  return vi.waitFor(
    async () => {
      for (const [part, follower] of FOLLOWERS) await expectFollowed(world, part, follower);
      const story = await readStory(world.log);
      const { wanted, requested } = wantedAndRequested(story);
      expect(requested.length, 'notifications asked for').toBe(wanted.length);
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

async function expectFollowed(world: FaultWorld, part: Part, follower: string): Promise<void> {
  const all = (await Promise.all(world.system.of(part).map(followersOf))).flatMap((followers) => followers[follower] ?? []);
  const active = all.filter((one) => one.active);
  expect(active.length, `active processes of ${follower}`).toBe(1);
  if (!OF_ONE_CATEGORY.includes(follower)) expect(active[0]?.lag, `lag of ${follower}`).toBe(0);
}

/** Who leased it was killed; its next attempt is later; or its offer is lost. */
function mayWait({ last }: Told, { killed, offersLost }: FaultWorld): boolean {
  if (last.type === 'NotificationProcessing') return killed.has(Number(last.data.worker.split(':')[1]));
  if (last.type === 'NotificationDeferred') return last.data.nextAttemptAt > new Date().toISOString();
  return last.time <= offersLost;
}
