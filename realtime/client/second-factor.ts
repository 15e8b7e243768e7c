/** What the page knows of second factors. */
import { ApiError } from './api.ts';

/** The user's second factor, as `GET /api/me/second-factor` tells it. */
export interface OwnSecondFactor {
  on: boolean;
  since: string | null;
  recoveryCodesLeft: number;
  /** True where the role must have one. */
  required: boolean;
}

/** The letters and digits of a recovery code, without what stands between its groups. */
const RECOVERY_LENGTH = 24;

/**
 * The body that proves a second factor by what somebody typed: the 6 digits of the app, or a recovery code. Error: ApiError at the field `code`, where it is
 * neither: as a recovery code it would be called a wrong one, and cost a try.
 */
export function typedProof(text: string): { code: string } | { recoveryCode: string } {
  if (/^\s*\d{3}\s?\d{3}\s*$/.test(text)) return { code: text };
  if (text.replace(/[^0-9a-z]/gi, '').length === RECOVERY_LENGTH) return { recoveryCode: text };
  throw atCode(text.trim() === '' ? 'is empty: type the 6 digits that your app shows, or a recovery code' : neither(text));
}

function neither(text: string): string {
  const digits = /^[\d\s]+$/.test(text) ? text.replace(/\s/g, '').length : 0;
  if (digits > 0) return `has ${digits === 1 ? '1 digit' : `${digits} digits`}: a code of the app has 6`;
  return `is neither the 6 digits of the app nor a recovery code, which has ${RECOVERY_LENGTH} letters and digits in groups of four`;
}

/** An error that stands at the one field for both kinds of codes. `detail`: what follows “This”. */
function atCode(detail: string): ApiError {
  return new ApiError(`This ${detail}.`, 422, { errors: [{ pointer: '/code', detail }] });
}

/** Sends a proof. What the server says of a recovery code is said at the field where it was typed. */
export async function sendingProof<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const wrong = error instanceof ApiError ? error.errors.find(({ pointer }) => pointer === '/recoveryCode') : undefined;
    throw wrong ? atCode(wrong.detail) : error;
  }
}
