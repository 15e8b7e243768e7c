/** Asking for a second factor: its codes may be tried by who has the password alone, and not often. */
import { z } from 'zod';
import { ProblemError } from '../../../contracts/problem.ts';
import type { CommandHandler } from '../../../platform/command-handler.ts';
import type { LimitName, Limits } from '../../../platform/http/limits/limits.ts';
import { giveBackTogether, takeTogether } from '../../../platform/http/limits/together.ts';
import { recordOfAccount } from '../record-of-account.ts';
import type { CheckedProof, SecondFactors, SecondProof } from './second-factors.ts';

/** A code of an app, as somebody types it. */
export const timeCode = z
  .string()
  .max(20, 'must be 6 digits')
  .regex(/^\s*\d{3}\s?\d{3}\s*$/, 'must be 6 digits')
  .meta({ description: 'The 6 digits that the app shows.' });

/** The fields of a body that proves a second factor: one of them is given. */
export const secondProofFields = {
  code: timeCode.optional(),
  recoveryCode: z
    .string()
    .min(1, 'must not be empty')
    .max(100, 'is too long')
    .optional()
    .meta({ description: 'A recovery code, in place of a code.' }),
};

/** What a body with `secondProofFields` proves; null where it names neither, or both. */
export function secondProofOf({ code, recoveryCode }: { code?: string | undefined; recoveryCode?: string | undefined }): SecondProof | null {
  if (code !== undefined) return recoveryCode === undefined ? { code: code.replace(/\s/g, '') } : null;
  return recoveryCode === undefined ? null : { recoveryCode };
}

export interface SecondFactorChecking {
  secondFactors: SecondFactors;
  limits: Limits;
  commands: CommandHandler;
  now(): Date;
}

/** Whose second factor is asked for, and by which request. Tries are counted anew once the password, of which `version` is the number, is another one. */
export interface AskedOf {
  userId: string;
  version: number;
  requestId: string;
}

const LIMITS: readonly LimitName[] = ['second-factor', 'second-factor-day'];

/**
 * Uses up the proof of a second factor, of somebody whose password was right. Only failures count.
 * Errors: ProblemError `invalid` for a wrong or missing one, `limited`, those of the secrets.
 */
export async function expectSecondFactor(options: SecondFactorChecking, of: AskedOf, proof: SecondProof | null): Promise<void> {
  if (!proof) throw refused('/code', 'Give a code of your second factor, or a recovery code.', 'is needed, or a recoveryCode');
  const record = (key: string, left: number) =>
    recordOfAccount(options, { id: of.userId, key, correlationId: of.requestId }, { type: 'TellSecondFactor', data: { change: 'used', left } });
  const checked = await limited(options.limits, `${of.userId} ${of.version}`, () => options.secondFactors.check(of.userId, proof, record));
  if (!checked.right) throw wrong(proof, checked.unreadable);
}

/** Counts a try before it is checked, so that many at once are limited, too, and takes it back unless it was wrong. */
async function limited(limits: Limits, key: string, check: () => Promise<CheckedProof>): Promise<CheckedProof> {
  const points = LIMITS.map((name) => ({ name, key }));
  await takeTogether(limits, points);
  const checked = await check().catch(async (error: unknown) => {
    await giveBackTogether(limits, points);
    throw error;
  });
  if (checked.right || checked.unreadable) await giveBackTogether(limits, points);
  return checked;
}

function wrong(proof: SecondProof, unreadable: boolean): ProblemError {
  if (unreadable)
    return refused(
      '/code',
      'Codes of your app cannot be checked any more, since this installation has another secret. Use a recovery code, or have an admin take the second factor away.',
      'cannot be checked any more: use a recovery code',
    );
  if ('code' in proof)
    return refused('/code', 'This code is wrong, or was used already. Wait for the next one.', 'is wrong, was used already, or is of another time');
  return refused('/recoveryCode', 'This recovery code is wrong, or was used already.', 'is wrong, or was used already');
}

function refused(pointer: string, message: string, detail: string): ProblemError {
  return new ProblemError('invalid', message, { errors: [{ pointer, detail }] });
}
