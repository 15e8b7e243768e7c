/** The lead of erasures: the kind of process that says when a person is forgotten everywhere, and certifies what all have done. */
import { ERASURE_STEP_NAMES } from '../../contracts/erasure.ts';
import type { ErasureEntry, ErasureList } from './erasure-list.ts';
import type { ErasureRecords, ErasureState } from './erasure-record.ts';

/** What the lead does beside its own steps. */
export interface ErasureLead {
  /** The references of all keys to be destroyed. */
  keysOf(person: string): Promise<readonly string[]>;
  /** Resolves once no process can use what the step `keys` has destroyed. */
  settled(signal: AbortSignal): Promise<void>;
  /** Resolves once every process that is well has heard what the list says now, and has dropped what it remembered. */
  heard(signal: AbortSignal): Promise<void>;
  /** Gives the addresses back that the step `keys` has closed. */
  free(state: ErasureState): Promise<void>;
  /** Makes the certificate of an erasure of which every step is done. */
  certify(state: ErasureState): Promise<NonNullable<ErasureState['certificate']>>;
}

export interface LeadingOptions {
  list: Pick<ErasureList, 'add'>;
  records: Pick<ErasureRecords, 'change'>;
  lead: ErasureLead;
  now(): string;
  signal: AbortSignal;
}

/** Makes the function that takes an erasure one step further, where the lead can, and resolves to how it stands then. Errors: those of the store and of `lead`. */
export function leading({ list, records, lead, now, signal }: LeadingOptions): (state: ErasureState) => Promise<ErasureState> {
  /** Tells every process, once none can read anything with the keys any more; what comes after that is made of events that read as erased. */
  async function forget(state: ErasureState): Promise<ErasureState> {
    if (!state.done.keys) return state;
    await lead.settled(signal);
    if (signal.aborted) return state;
    await list.add(forgotten(state));
    await lead.heard(signal);
    if (signal.aborted) return state;
    await lead.free(state);
    const forgottenAt = now();
    return changed(state, (last) => (last.forgottenAt === null ? { ...last, forgottenAt } : null));
  }

  async function finish(state: ErasureState): Promise<ErasureState> {
    // An older release noted the time before the entry, and may have been stopped in between.
    await list.add(forgotten(state));
    if (!isDone(state)) return state;
    const certificate = await lead.certify(state);
    return changed(state, (last) => (last.certificate === null ? { ...last, certificate } : null));
  }

  async function changed(state: ErasureState, change: (last: ErasureState) => ErasureState | null): Promise<ErasureState> {
    return (await records.change(state.person, (last) => (last ? change(last) : null))) ?? state;
  }

  async function listed(state: ErasureState, entry: ErasureEntry): Promise<ErasureState> {
    await list.add(entry);
    return state;
  }

  return (state) => {
    const { person, certificate } = state;
    if (certificate) return listed(state, { state: 'certified', person, at: certificate.certifiedAt });
    return state.forgottenAt === null ? forget(state) : finish(state);
  };
}

function forgotten({ person, keys, requestedAt }: ErasureState): ErasureEntry {
  return { state: 'forgotten', person, keys, at: requestedAt };
}

/** True where every step is done, whoever took it. */
function isDone({ done }: ErasureState): boolean {
  return ERASURE_STEP_NAMES.every((step) => done[step] !== undefined);
}
