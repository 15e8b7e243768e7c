/** What the page knows of second factors. */

/** The user's second factor, as `GET /api/me/second-factor` tells it. */
export interface OwnSecondFactor {
  on: boolean;
  since: string | null;
  recoveryCodesLeft: number;
  /** True where the role must have one. */
  required: boolean;
}

/** The body that proves a second factor by what somebody typed: the 6 digits of the app, or a recovery code. */
export function typedProof(text: string): { code: string } | { recoveryCode: string } {
  return /^\s*\d{3}\s?\d{3}\s*$/.test(text) ? { code: text } : { recoveryCode: text };
}
