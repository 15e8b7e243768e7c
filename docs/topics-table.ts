/** The table of topics in docs/LIVE.md. */
import { TOPICS, writtenTopic } from '../contracts/topics.ts';
import { table } from './table.ts';

export function topicsTable(): string {
  const rows = [...TOPICS].map(([name, { contract }]) => [`\`${writtenTopic(name, contract)}\``, contract.tells, contract.followers]);
  return table(['topic', 'what is in it', 'who may follow it'], rows);
}
