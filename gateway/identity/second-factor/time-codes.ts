/** Codes by time (RFC 6238): six digits, another code every 30 seconds. A code is good once, whatever the clock does. */
import { HOTP, Secret, TOTP } from 'otpauth';
import { same } from '../refresh-tokens.ts';

const ISSUER = 'taskledger';
/** What every authenticator app takes. */
const SHAPE = { algorithm: 'SHA1', digits: 6 } as const;
const PERIOD = 30;
/** Steps by which the clock of an app may be off, each way. */
const DRIFT = 1;
/** The most steps that are remembered one by one. */
const MOST_USED = 200;

/** The steps whose codes were used. */
export interface UsedSteps {
  /** The steps, the first used first. */
  steps: readonly number[];
  /** Codes of steps up to this one are not good any more. */
  upTo: number;
}

export const NONE_USED: UsedSteps = { steps: [], upTo: -1 };

/** A new secret: 160 bits (RFC 4226, 4) as base32. */
export function newTimeSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** The otpauth URL of a secret, which apps read from a QR code; `label` is what they show beside this product's name. */
export function timeSecretUrl(secret: string, label: string): string {
  return new TOTP({ ...SHAPE, issuer: ISSUER, label, period: PERIOD, secret: Secret.fromBase32(secret) }).toString();
}

/**
 * Uses a code up: the used steps after it; null for a code that is wrong, of another time, or used before. A clock that was set back makes no code good
 * twice, and keeps nobody waiting until it has caught up: the steps are remembered themselves, the most recent MOST_USED of them.
 */
export function useTimeCode(code: string, secret: string, now: Date, used: UsedSteps): UsedSteps | null {
  const step = stepsAround(now).find((one) => isFresh(one, used) && same(codeOf(secret, one), code));
  if (step === undefined) return null;
  const steps = [...used.steps, step];
  const dropped = steps.slice(0, Math.max(0, steps.length - MOST_USED));
  return { steps: steps.slice(dropped.length), upTo: Math.max(used.upTo, ...dropped) };
}

/** The step of now, and those that a clock which is off may have, from the earliest on. */
function stepsAround(now: Date): number[] {
  const present = TOTP.counter({ period: PERIOD, timestamp: now.getTime() });
  return Array.from({ length: 2 * DRIFT + 1 }, (_, n) => present - DRIFT + n).filter((step) => step >= 0);
}

function isFresh(step: number, { steps, upTo }: UsedSteps): boolean {
  return step > upTo && !steps.includes(step);
}

function codeOf(secret: string, step: number): string {
  return HOTP.generate({ ...SHAPE, secret: Secret.fromBase32(secret), counter: step });
}
