/** The tables of queues in the documents, from the rows of their consumers. */
import { CONSUMED, type Consumed } from '../app/queues.ts';
import type { FollowerQueue, WorkQueue } from '../platform/event-bus/queues.ts';
import type { FollowerRow } from '../platform/followers/follow.ts';
import { table } from './table.ts';

/** A row for each queue, part by part: those of followers first. */
function rowsOf(of: { follower(row: FollowerRow, part: string): string[]; work(queue: WorkQueue, part: string): string[] }): string[][] {
  const parts: [string, Consumed][] = Object.entries(CONSUMED);
  return [
    ...parts.flatMap(([part, { followers }]) => followers.map((row) => of.follower(row, part))),
    ...parts.flatMap(([part, { work }]) => work.map((queue) => of.work(queue, part))),
  ];
}

const code = (text: string) => `\`${text}\``;
const nameOf = ({ name, activeHold }: FollowerQueue) => (name === null ? `unnamed, one ${activeHold ? 'at a time' : 'a process'}` : code(name));
const got = ({ exchange, pattern }: FollowerQueue) => [exchange, ...(pattern ? [pattern] : [])].map(code).join(', ');
const sharing = ({ activeHold }: FollowerQueue) => (activeHold ? `one is active: it holds ${code(activeHold)}` : 'all follow, each for itself');

/** The table of the queues: their consumers, what they get, and how several processes share them. */
export function queuesByPart(): string {
  const rows = rowsOf({
    follower: ({ name, queue }, part) => [nameOf(queue), 'follower', got(queue), name === part ? part : `${part}: ${code(name)}`, sharing(queue)],
    work: ({ name, purpose }, part) => [
      code(name),
      'work',
      purpose,
      `${part}: its workers`,
      `they compete, one offer each at a time; what fails goes to ${code(`${name}.dead`)}`,
    ],
  });
  return table(['queue', 'kind', 'gets', 'part', 'with several processes'], rows);
}

/** The table of what each queue is for. */
export function queuesByPurpose(): string {
  const rows = rowsOf({
    follower: ({ name, queue }) => [queue.name === null ? `unnamed, of ${code(name)}` : code(queue.name), 'follower', queue.purpose],
    work: ({ name, purpose }) => [`${code(name)} ${code(`${name}.dead`)}`, 'work', purpose],
  });
  return table(['queue', 'kind', 'for'], rows);
}
