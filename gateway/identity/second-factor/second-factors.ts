/** The second factors of users, among the secrets: at most one a user. It is on once its owner has shown a first code of it. */
import { ProblemError } from '../../../contracts/problem.ts';
import { hashOf } from '../refresh-tokens.ts';
import type { SecretRecord, Secrets } from '../secrets/secrets.ts';
import { untilWon } from '../until-won.ts';
import { newRecoveryCodes, recoveryHash } from './recovery-codes.ts';
import type { Sealing } from './sealing.ts';
import { NONE_USED, newTimeSecret, timeSecretUrl, type UsedSteps, useTimeCode } from './time-codes.ts';

/** A second factor as it is kept. */
interface SecondFactor {
  /** The secret, sealed. */
  box: string;
  /** When it was turned on, ISO 8601; null until then. */
  since: string | null;
  /** True where the owner's address was confirmed when it was set up: then it is surely theirs. */
  ofConfirmed: boolean;
  used: UsedSteps;
  /** The hashes of the recovery codes that are left. */
  recovery: readonly string[];
}

/** The proof of a second factor, as its owner types it: a code of the app, or a recovery code. */
export type SecondProof = { code: string } | { recoveryCode: string };

/** The answer to a proof: `unreadable` where the app's codes cannot be checked, since the installation's secret is another one. */
export type CheckedProof = { right: false; unreadable: boolean } | { right: true; by: 'code' | 'recovery'; left: number };

export interface SecondFactorStatus {
  on: boolean;
  /** ISO 8601; null where it is off. */
  since: string | null;
  recoveryCodesLeft: number;
}

/** Records that a recovery code is used: before it is used up, so that a process that is killed then has not kept it from its owner. */
export type RecordUse = (key: string, left: number) => Promise<void>;

export interface SecondFactors {
  status(userId: string): Promise<SecondFactorStatus>;
  isOn(userId: string): Promise<boolean>;
  /**
   * Begins to set one up: the secret as base32, and the otpauth URL of it with this label. It ends by itself after 15 minutes; beginning again ends it,
   * too. Error: ProblemError `conflict` where there is one already.
   */
  begin(userId: string, of: { label: string; confirmed: boolean }): Promise<{ secret: string; url: string }>;
  /**
   * Turns it on by its first code; resolves to the recovery codes, which nobody can see again; null for a wrong code, or where none was begun. `record` is
   * called before it is on, with a text that is this second factor's alone. Where the answer was lost, the same code gives other recovery codes while its
   * time lasts. Error: ProblemError `conflict` where it is on by another code.
   */
  confirm(userId: string, code: string, record?: (key: string) => Promise<void>): Promise<string[] | null>;
  /**
   * Checks a proof, and uses it up. One of many at once that give the same proof is right, also in several processes. `record` is called before a recovery
   * code is used up, with a text that is that code's alone, and the number of those that are left then.
   */
  check(userId: string, proof: SecondProof, record?: RecordUse): Promise<CheckedProof>;
  /** Makes new recovery codes, which end those before. Error: ProblemError `conflict` where there is no second factor. */
  makeRecoveryCodes(userId: string): Promise<string[]>;
  /**
   * Takes it away; false where there was none. `unlessOfConfirmed`: one that was set up while the address was confirmed stays. `record` is called before one
   * that is on goes, with when it was turned on.
   */
  remove(userId: string, unlessOfConfirmed?: boolean, record?: (since: string) => Promise<void>): Promise<boolean>;
}

/** Milliseconds in which a second factor that was begun is to be turned on. */
const SETTING_UP = 15 * 60_000;
/** Does one change at the version that was read, again where another one was faster. */
const decided = <T>(work: () => Promise<T | undefined>) => untilWon('This second factor is', work);
const unrecorded = async (_: string) => {};
const WRONG: CheckedProof = { right: false, unreadable: false };

export function openSecondFactors({ secrets, sealing, now }: { secrets: Secrets; sealing: Sealing; now(): Date }): SecondFactors {
  const get = (userId: string) => secrets.get<SecondFactor>('second-factors', userId);
  const put = (userId: string, value: SecondFactor, { version, expires = null }: { version: number; expires?: string | null }) =>
    secrets.put('second-factors', { key: userId, value, owner: userId, expires }, version);

  async function on(userId: string): Promise<SecretRecord<SecondFactor> | null> {
    const kept = await get(userId);
    return kept?.value.since ? kept : null;
  }

  async function begin(userId: string, { label, confirmed }: { label: string; confirmed: boolean }) {
    const secret = newTimeSecret();
    const value = { box: sealing.seal(secret, userId), since: null, ofConfirmed: confirmed, used: NONE_USED, recovery: [] };
    const expires = new Date(now().getTime() + SETTING_UP).toISOString();
    return decided(async () => {
      const kept = await get(userId);
      if (kept?.value.since) throw new ProblemError('conflict', 'You have a second factor already. Turn it off first.');
      return (await put(userId, value, { version: kept?.version ?? 0, expires })) ? { secret, url: timeSecretUrl(secret, label) } : undefined;
    });
  }

  async function confirm(userId: string, code: string, record = unrecorded): Promise<string[] | null> {
    return decided(async () => {
      const kept = await get(userId);
      if (!kept) return null;
      return kept.value.since ? confirmAgain(userId, kept, code) : confirmFirst(userId, kept, { code, record });
    });
  }

  async function confirmFirst(
    userId: string,
    { value, version }: SecretRecord<SecondFactor>,
    { code, record }: { code: string; record(key: string): Promise<void> },
  ): Promise<string[] | null | undefined> {
    const used = usedAfter(userId, value, code);
    if (!used) return null;
    await record(hashOf(value.box));
    const codes = newRecoveryCodes();
    const next = { ...value, since: now().toISOString(), used, recovery: codes.map(recoveryHash) };
    return (await put(userId, next, { version })) ? codes : undefined;
  }

  /** Recovery codes for who turned it on with this very code, and may not have heard of it. */
  async function confirmAgain(userId: string, { value, version }: SecretRecord<SecondFactor>, code: string): Promise<string[] | undefined> {
    const step = usedAfter(userId, { ...value, used: NONE_USED }, code)?.steps[0];
    if (step === undefined || step !== value.used.steps[0])
      throw new ProblemError('conflict', 'You have a second factor already. Make new recovery codes if you have none.');
    const codes = newRecoveryCodes();
    return (await put(userId, { ...value, recovery: codes.map(recoveryHash) }, { version })) ? codes : undefined;
  }

  function usedAfter(userId: string, { box, used }: SecondFactor, code: string): UsedSteps | null {
    const secret = sealing.open(box, userId);
    return secret === null ? null : useTimeCode(code, secret, now(), used);
  }

  async function check(userId: string, proof: SecondProof, record: RecordUse = unrecorded): Promise<CheckedProof> {
    return decided(async () => {
      const kept = await on(userId);
      if (!kept) return WRONG;
      return 'code' in proof ? byCode(userId, kept, proof.code) : byRecovery(userId, kept, { code: proof.recoveryCode, record });
    });
  }

  async function byCode(userId: string, { value, version }: SecretRecord<SecondFactor>, code: string): Promise<CheckedProof | undefined> {
    const secret = sealing.open(value.box, userId);
    if (secret === null) return { right: false, unreadable: true };
    const used = useTimeCode(code, secret, now(), value.used);
    if (!used) return WRONG;
    // Sealed anew: the installation's secret may be another one since.
    const next = { ...value, box: sealing.seal(secret, userId), used };
    return (await put(userId, next, { version })) ? { right: true, by: 'code', left: value.recovery.length } : undefined;
  }

  async function byRecovery(
    userId: string,
    { value, version }: SecretRecord<SecondFactor>,
    { code, record }: { code: string; record: RecordUse },
  ): Promise<CheckedProof | undefined> {
    const hash = recoveryHash(code);
    const recovery = value.recovery.filter((one) => one !== hash);
    if (recovery.length === value.recovery.length) return WRONG;
    await record(`recovery code ${hash}`, recovery.length);
    return (await put(userId, { ...value, recovery }, { version })) ? { right: true, by: 'recovery', left: recovery.length } : undefined;
  }

  async function makeRecoveryCodes(userId: string): Promise<string[]> {
    const codes = newRecoveryCodes();
    return decided(async () => {
      const kept = await on(userId);
      if (!kept) throw new ProblemError('conflict', 'You have no second factor.');
      return (await put(userId, { ...kept.value, recovery: codes.map(recoveryHash) }, { version: kept.version })) ? codes : undefined;
    });
  }

  async function remove(userId: string, unlessOfConfirmed = false, record = unrecorded): Promise<boolean> {
    const kept = await get(userId);
    if (!kept || (unlessOfConfirmed && kept.value.ofConfirmed)) return false;
    if (kept.value.since) await record(kept.value.since);
    await secrets.delete('second-factors', userId);
    return kept.value.since !== null;
  }

  return {
    status: async (userId) => {
      const kept = await on(userId);
      return { on: kept !== null, since: kept?.value.since ?? null, recoveryCodesLeft: kept?.value.recovery.length ?? 0 };
    },
    isOn: async (userId) => (await on(userId)) !== null,
    begin,
    confirm,
    check,
    makeRecoveryCodes,
    remove,
  };
}
