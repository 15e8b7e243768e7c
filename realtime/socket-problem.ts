/** The one translation of errors into the answers of sockets. */
import { type Problem, ProblemError, toProblem } from '../contracts/problem.ts';
import { absencesIn } from '../platform/absences/absences.ts';
import { unavailableIn } from '../platform/absences/unavailable.ts';
import type { FollowContext } from '../platform/followers/follow.ts';
import { problemOf } from './connection.ts';

/**
 * The problem that an error is to a client: a refusal as it is; `unavailable` where something that was needed is away, which the log of the process
 * tells once; `internal` for any other, which is a bug here, and is logged with `about`.
 */
export function socketProblem(error: unknown, log: FollowContext['log'], about: object): Problem {
  if (error instanceof ProblemError) return toProblem(error);
  const away = unavailableIn(error);
  if (away) {
    absencesIn(log).failed(away);
    return problemOf('unavailable', away.answer);
  }
  log.error({ err: error, ...about }, 'realtime: unexpected error');
  return problemOf('internal', 'Something went wrong here.');
}
