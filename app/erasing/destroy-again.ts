/** What a start does about people who were erased: an older backup of the secrets may have brought their keys back. */
import type { KeptTexts } from '../../gateway/erasing/kept-texts.ts';
import type { ErasureList } from '../../platform/erasing/erasure-list.ts';
import type { ErasureRecords, ErasureState } from '../../platform/erasing/erasure-record.ts';
import { type KeysOfErasure, keyName, type PersonKeys } from '../../platform/sealing/person-keys.ts';
import { userReference } from '../../platform/sealing/person-reference.ts';

/** People who are looked up at once. */
const AT_ONCE = 500;

export interface DestroyedBefore {
  list: ErasureList;
  records: Pick<ErasureRecords, 'read'>;
  keys: Pick<PersonKeys, 'toOpen' | 'destroy' | 'rotateSnapshots' | 'free'>;
  /** The texts that were looked for, of which the backup may have some, too. */
  texts: Pick<KeptTexts, 'remove'>;
}

interface Erased extends KeysOfErasure {
  /** True where some process may have what the keys opened. */
  underWay: boolean;
}

/** Destroys the keys again of everybody whose key the log calls destroyed and the secrets do not; resolves to the number of these people. Errors: those of both. */
export async function destroyAgain(context: DestroyedBefore): Promise<number> {
  const people = await everybody(context);
  let again = 0;
  for (let from = 0; from < people.length; from += AT_ONCE) {
    const back = await broughtBack(people.slice(from, from + AT_ONCE), context.keys);
    for (const one of back) await destroyOne(context, one);
    again += back.length;
  }
  // In a backup that was made in the middle of an erasure, addresses and snapshots are closed.
  await context.keys.free(people.filter(({ underWay }) => !underWay));
  return again;
}

async function destroyOne({ keys, texts, records }: DestroyedBefore, erased: Erased): Promise<void> {
  await keys.destroy(erased.keys, erased.at, erased.underWay);
  await keys.rotateSnapshots(erased, erased.underWay);
  const state = await records.read(erased.person);
  if (state?.done.outbox) await texts.remove(erased.person, state.requestedAt);
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

/** Those of them whose key is there, or of whom the secrets know nothing. */
async function broughtBack(people: readonly Erased[], keys: DestroyedBefore['keys']): Promise<Erased[]> {
  const found = await keys.toOpen(people.map(({ person }) => ({ of: userReference(person), generation: 1 })));
  return people.filter(({ person }) => found.get(keyName(userReference(person), 1)) !== 'destroyed');
}
