/** The table of kinds of notification in docs/QUEUES.md. */
import type { Channel, InboxWords, KindWords } from '../contracts/notifications/kind.ts';
import { KINDS, kinds } from '../contracts/notifications/kinds.ts';
import { table } from './table.ts';

export function kindsTable(): string {
  const rows = KINDS.map((kind) => {
    const { about, example, inbox } = kinds[kind];
    const { subject } = kinds[kind] as KindWords<unknown>;
    const channels: readonly Channel[] = kinds[kind].channels;
    const told = [channels.includes('email') ? subject(example) : '', channels.includes('in-app') ? inboxWords(inbox) : ''];
    return [`\`${kind}\``, about, channels.join(', '), ...told];
  });
  return table(['kind', 'about', 'channels', 'subject of a mail', 'in the inbox'], rows);
}

function inboxWords({ text, own }: InboxWords): string {
  return own === undefined ? text : `${text} / ${own}`;
}
