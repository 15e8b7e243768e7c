/** Changes of one's own account that are told by mail: as many an hour as commands of a user that have mails sent (`mails`), and from the same points. */
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Caller } from '../../platform/http/route.ts';
import { OPERATOR } from '../operator.ts';

/** Takes one of the caller's mails of the hour; the operator has as many as there are. Error: ProblemError `limited`. */
export async function takeMail({ limits }: { limits: Limits }, { id }: Pick<Caller, 'id'>): Promise<void> {
  if (id !== OPERATOR.id) await limits.consume('mails', id);
}
