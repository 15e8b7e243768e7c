/** Leading a browser on, to the issuer and to the page; what goes wrong on the way, the page tells a browser, and a problem tells any other client. */
import { ProblemError } from '../../../contracts/problem.ts';
import { type AbsencesLog, absencesIn } from '../../../platform/absences/absences.ts';
import { unavailableIn } from '../../../platform/absences/unavailable.ts';
import type { Answer, RouteRequest } from '../../../platform/http/route.ts';
import { SignInRefused } from './issuer.ts';

/** What the page tells: `away`: the issuer does not answer; `limited`: too many tries; the others are those of SignInRefused. */
export type SignInTrouble = SignInRefused['reason'] | 'away' | 'limited';

const DETAILS: Record<SignInRefused['reason'], string> = {
  denied: 'You were not signed in there.',
  busy: 'The sign-in service cannot sign you in right now. Sign in again in a moment.',
  stale: 'This sign-in was used already, is too old, or began in another browser. Sign in again.',
  wrong: 'The answer of the sign-in service was not valid. Sign in again; if that does not help, tell whoever runs this site.',
};

export interface LeadingOn {
  /** The address of the pages. */
  publicUrl(): string;
  log: AbsencesLog;
}

/** An answer that leads a browser to another address. */
export function leadTo(location: string, headers: Record<string, string> = {}): Answer {
  return { status: 303, headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', ...headers } };
}

/** The answer of the work; what stops it leads a browser to the page. Errors, for other clients and of other kinds: ProblemError, Unavailable. */
export async function leadingOn({ publicUrl, log }: LeadingOn, { header }: RouteRequest, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === 'wrong') log.warn({ err: error }, 'an answer of the issuer was refused');
    if (trouble === null || !header('accept')?.includes('text/html')) throw asProblem(error);
    absencesIn(log).failed(error);
    return leadTo(`${publicUrl()}/#sign-in-trouble=${trouble}`);
  }
}

function troubleOf(error: unknown): SignInTrouble | null {
  if (error instanceof SignInRefused) return error.reason;
  if (error instanceof ProblemError && error.code === 'limited') return 'limited';
  return unavailableIn(error) ? 'away' : null;
}

function asProblem(error: unknown): unknown {
  return error instanceof SignInRefused ? new ProblemError('forbidden', DETAILS[error.reason], { cause: error }) : error;
}
