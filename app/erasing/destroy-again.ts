/** What a start does about people who were erased: an older backup of the secrets may have brought back what the erasure took from them. */
import { ERASURE_STEP_NAMES, type ErasureStepName } from '../../contracts/erasure.ts';
import { unavailableIn } from '../../platform/absences/unavailable.ts';
import type { ErasureList } from '../../platform/erasing/erasure-list.ts';
import type { ErasureRecords, ErasureState } from '../../platform/erasing/erasure-record.ts';
import type { KeysOfErasure, PersonKeys } from '../../platform/sealing/person-keys.ts';
import type { FromSecrets } from './from-secrets.ts';

export interface ErasedBefore {
  list: ErasureList;
  records: Pick<ErasureRecords, 'read'>;
}

export interface KeysBefore extends ErasedBefore {
  keys: Pick<PersonKeys, 'notDestroyed' | 'destroy' | 'rotateSnapshots'>;
}

export interface RecordsBefore extends ErasedBefore {
  keys: Pick<PersonKeys, 'free' | 'freeAllBut'>;
  removing: FromSecrets;
}

interface Erased extends KeysOfErasure {
  /** The steps that the log calls done. */
  done: ReadonlySet<ErasureStepName>;
  /** True where some process may have what the keys opened. */
  underWay: boolean;
  isCertified: boolean;
}

/**
 * Destroys the keys again of everybody of whom the log calls some destroyed that have no note of it; resolves to the number of these people. Whoever opens
 * the log with keys calls it before anything is opened. Errors: those of both.
 */
export async function destroyKeysAgain(context: KeysBefore): Promise<number> {
  const { keys } = context;
  const people = await everybody(context);
  const back = await keys.notDestroyed(people.filter(({ done }) => done.has('keys')));
  for (const one of back) {
    await keys.destroy(one.keys, one.at, one.underWay);
    await keys.rotateSnapshots(one, one.underWay);
  }
  return back.length;
}

/**
 * Takes the other steps again on the secrets that the log calls done of somebody: what lets them in, texts that were looked for already, networks in the
 * audit log. Then it frees what no erasure under way has closed. Resolves to the number of people of whom something was there. Errors: those of the ports.
 */
export async function removeRecordsAgain(context: RecordsBefore): Promise<number> {
  const { keys, list } = context;
  const people = await everybody(context);
  const back = new Set(await removeRecords(context, people));
  // In a backup that was made in the middle of an erasure, addresses and snapshots are closed.
  await keys.free(people.filter(({ underWay }) => !underWay));
  // Where the log is a backup, too, or alone, it may know nothing of an erasure that has closed them.
  await keys.freeAllBut(async () => {
    await list.readOn();
    return list.open();
  });
  return back.size;
}

/** Removes what is there of everybody who has no note; resolves to the person of each record. */
async function removeRecords({ removing }: RecordsBefore, people: readonly Erased[]): Promise<string[]> {
  const sought = await removing.notes.lacking(people);
  if (sought.length === 0) return [];
  const having = (step: ErasureStepName) => sought.filter(({ done }) => done.has(step));
  const removed = await removing.access(having('access'));
  const kept = await removing.texts.people();
  for (const { person, at } of having('outbox').filter((one) => kept.has(one.person))) {
    await removing.texts.remove(person, at);
    removed.push(person);
  }
  removed.push(...(await removing.audit(new Set(having('audit').map(({ person }) => person)))));
  if (await isPurged(removing)) await removing.notes.note(sought.filter(({ isCertified }) => isCertified));
  return removed;
}

/**
 * Overwrites what was removed, also where nothing was there: a start before may have been killed in between. False where that cannot be done now, as while
 * a tool for backups reads the file for good: a start that waited for it would never be over, and the next one tries it again.
 */
function isPurged({ purge }: FromSecrets): Promise<boolean> {
  return purge().then(
    () => true,
    (error: unknown) => {
      if (!unavailableIn(error)) throw error;
      return false;
    },
  );
}

/** Everybody of whom the log calls some step done. */
async function everybody({ list, records }: ErasedBefore): Promise<Erased[]> {
  await list.readOn();
  const open = list.open().map(({ person }) => person);
  const over = [...list.destroyed()].filter(([person]) => !open.includes(person));
  const states = await Promise.all(open.map((person) => records.read(person)));
  const all: ReadonlySet<ErasureStepName> = new Set(ERASURE_STEP_NAMES);
  return [
    ...over.map(([person, of]) => ({ person, ...of, done: all, underWay: false, isCertified: true })),
    ...states.flatMap((state) => (state ? erasedBy(state) : [])),
  ];
}

function erasedBy({ person, keys, requestedAt, forgottenAt, done }: ErasureState): Erased {
  const steps = new Set(ERASURE_STEP_NAMES.filter((step) => done[step] !== undefined));
  return { person, keys, at: requestedAt, done: steps, underWay: forgottenAt === null, isCertified: false };
}
