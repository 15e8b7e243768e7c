/** What a start does about an outbox that is older than an erasure, as one that was put back from a backup. */
import type { Outbox } from '../../notifier/mailer/outbox/outbox.ts';
import type { ErasedBefore } from './destroy-again.ts';

/**
 * Empties it up to the last of the erasures that the log calls searched for, and that the file knows nothing of: whose words are in which mail, nobody can
 * read any more. Resolves to the number of mails and SMS. Errors: those of the log and of the outbox.
 */
export async function emptyOlderOutbox({ list, records }: ErasedBefore, outbox: Pick<Outbox, 'notSearched' | 'emptyUntil'>): Promise<number> {
  await list.readOn();
  const lacking = outbox.notSearched([...list.destroyed()].map(([person, { at }]) => ({ person, at })));
  const searched: { person: string; at: string; until: string }[] = [];
  for (const one of lacking) {
    const step = (await records.read(one.person))?.done.outbox;
    if (step) searched.push({ ...one, until: step.at });
  }
  const last = searched
    .map(({ until }) => until)
    .toSorted()
    .at(-1);
  return last === undefined ? 0 : outbox.emptyUntil(last, searched);
}
