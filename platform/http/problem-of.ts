/** The one translation of errors into the answers of HTTP. */
import { ProblemError } from '../../contracts/problem.ts';
import { type AbsencesLog, absencesIn } from '../absences/absences.ts';
import { unavailableIn } from '../absences/unavailable.ts';

/** The log in which errors without a translation are told. */
export interface ProblemLog extends AbsencesLog {
  error(data: object, message: string): void;
}

/**
 * The problem that an error is to a client: a refusal as it is; 503 with Retry-After where something that was needed is away, which the log of the
 * process tells once; 500 for any other, which is a bug here, and is logged with `about`.
 */
export function problemOfError(error: unknown, log: ProblemLog, about: object): ProblemError {
  if (error instanceof ProblemError) return error;
  const away = unavailableIn(error);
  if (away) {
    absencesIn(log).failed(away);
    return new ProblemError('unavailable', away.answer, { headers: { 'Retry-After': String(away.retryAfter) }, cause: error });
  }
  log.error({ err: error, ...about }, 'unexpected error');
  return new ProblemError('internal', 'Something went wrong here. It was logged under this request’s id.', { cause: error });
}
