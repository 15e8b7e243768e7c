/** What `npm run faults` does: tests whose short form runs in `npm test`, with the numbers that make it the long one. */

/** A row of the programme; docs/FAULTS.md says what came of it. */
export interface Proof {
  name: string;
  /** The variables that make the tests long. */
  env: Readonly<Record<string, string>>;
  /** The tests, as vitest finds them; or a script. */
  run: { tests: readonly string[]; titles?: string } | { script: string };
}

const longKills = { KILLS: '500', ORDER_KILLS: '50' };

export const PROGRAMME: readonly Proof[] = [
  { name: 'kills', env: longKills, run: { tests: ['system/kill.test', 'sqlite/kill.test', 'notifications/kill.test', 'orders'] } },
  {
    name: 'part-kills',
    env: { PART_KILLS: '500', FAULT_ROUNDS: '1' },
    run: { tests: ['system/faults.server'], titles: 'each of our processes|in the end' },
  },
  { name: 'faults', env: { FAULT_ROUNDS: '20' }, run: { tests: ['faults.server'] } },
  { name: 'damage', env: { DAMAGE: 'all' }, run: { tests: ['damage'] } },
  { name: 'bad-disk', env: { BAD_DISK: 'all' }, run: { tests: ['bad-disk'] } },
  { name: 'linearizable', env: { OPERATIONS: '100000' }, run: { tests: ['linearizable'] } },
  { name: 'mails', env: { NOTIFICATIONS: '10000' }, run: { tests: ['notifications/load'] } },
  { name: 'backlog', env: { BACKLOG: '100000' }, run: { tests: ['notifications/backlog.test'] } },
  { name: 'backlog-on-servers', env: { BACKLOG_ON_SERVERS: '20000' }, run: { tests: ['notifications/backlog.server'] } },
  { name: 'sockets', env: { SOCKETS: '500', CUTS: '1000' }, run: { tests: ['load/sockets'] } },
  { name: 'overload', env: { OVERLOAD_SECONDS: '600' }, run: { tests: ['load/overload'] } },
  { name: 'steady', env: { STEADY_SECONDS: '3600' }, run: { tests: ['load/steady'] } },
  { name: 'erasures', env: { ERASURES: '100' }, run: { tests: ['system/erasure.test'], titles: 'many who are erased' } },
  { name: 'compose', env: {}, run: { script: 'servers/compose-check/main.ts' } },
];
