/** What a start does about people who were erased: an older backup of the secrets may have brought their keys back. */
import type { KeptTexts } from '../../gateway/erasing/kept-texts.ts';
import type { ErasureList } from '../../platform/erasing/erasure-list.ts';
import type { ErasureRecords, ErasureState } from '../../platform/erasing/erasure-record.ts';
import type { KeysOfErasure, PersonKeys } from '../../platform/sealing/person-keys.ts';

export interface DestroyedBefore {
  list: ErasureList;
  records: Pick<ErasureRecords, 'read'>;
  keys: Pick<PersonKeys, 'notDestroyed' | 'destroy' | 'rotateSnapshots' | 'free' | 'freeAllBut'>;
  /** The texts that were looked for, of which the backup may have some, too. */
  texts: Pick<KeptTexts, 'people' | 'remove'>;
}

interface Erased extends KeysOfErasure {
  /** True where some process may have what the keys opened. */
  underWay: boolean;
}

/**
 * Destroys the keys again of everybody of whom the log calls some destroyed that are not so in the secrets, and removes the texts that were looked for
 * already; resolves to the number of these people. Errors: those of both.
 */
export async function destroyAgain(context: DestroyedBefore): Promise<number> {
  const { keys, texts, list } = context;
  const people = await everybody(context);
  const back = new Set(await keys.notDestroyed(people));
  for (const one of back) {
    await keys.destroy(one.keys, one.at, one.underWay);
    await keys.rotateSnapshots(one, one.underWay);
  }
  const kept = await texts.people();
  for (const one of people.filter((one) => back.has(one) || kept.has(one.person))) if (await removeTexts(context, one)) back.add(one);
  // In a backup that was made in the middle of an erasure, addresses and snapshots are closed.
  await keys.free(people.filter(({ underWay }) => !underWay));
  // Where the log is a backup, too, or alone, it may know nothing of an erasure that has closed them.
  await keys.freeAllBut(async () => {
    await list.readOn();
    return list.open();
  });
  return back.size;
}

/** Removes the texts of whoever was looked for in the outbox; false where that is still to come. */
async function removeTexts({ texts, records }: DestroyedBefore, { person, at }: Erased): Promise<boolean> {
  const isOver = (await records.read(person))?.done.outbox !== undefined;
  if (isOver) await texts.remove(person, at);
  return isOver;
}

/** Everybody whose keys were destroyed, also where the rest of the erasure is still under way. */
async function everybody({ list, records }: DestroyedBefore): Promise<Erased[]> {
  await list.readOn();
  const open = list.open().map(({ person }) => person);
  const over = [...list.destroyed()].filter(([person]) => !open.includes(person));
  const states = await Promise.all(open.map((person) => records.read(person)));
  return [
    ...over.map(([person, of]) => ({ person, ...of, underWay: false })),
    ...states.flatMap((state) => (state?.done.keys ? destroyedBy(state) : [])),
  ];
}

function destroyedBy({ person, keys, requestedAt, forgottenAt }: ErasureState): Erased {
  return { person, keys, at: requestedAt, underWay: forgottenAt === null };
}
