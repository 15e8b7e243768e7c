/**
 * Who sends a file, as they are when all of it is here: a large one, or one that was posted to the store, takes as long as it likes, and whoever began
 * it may have logged out, lost a role, or been deleted meanwhile.
 */
import { type Caller, refusalOfConfined } from '../../platform/http/route.ts';

/** Finds who calls now. */
export interface CallersNow {
  /** The caller of verified claims. Error: ProblemError `unauthorized` where the session has ended or its user is gone. */
  callerOf(claims: unknown): Promise<Caller>;
}

/** The caller of before, as they are now. Errors: ProblemError `unauthorized`; `forbidden` of a type of `FIRST_NEEDED`. */
export async function callerNow({ callerOf }: CallersNow, { id, sessionId }: Caller): Promise<Caller> {
  // The end of the claims is that of the token, which was looked at when the request began.
  const caller = await callerOf({ sub: id, sid: sessionId, exp: 0 });
  if (caller.confined) throw refusalOfConfined(caller.confined);
  return caller;
}
