/**
 * Changes of one's own account that are told by mail. They have a limit of their own (`security-mails`): whatever somebody did with a stolen access token,
 * its owner can set things right. Admins are exempt, as of commands that have mails sent.
 */
import type { Limits } from '../../platform/http/limits/limits.ts';
import type { Caller } from '../../platform/http/route.ts';

type Changing = Pick<Caller, 'id' | 'role'>;

/** Takes one of the caller's mails of the hour. Error: ProblemError `limited`. */
export async function takeMail({ limits }: { limits: Limits }, caller: Changing): Promise<void> {
  if (isLimited(caller)) await limits.consume('security-mails', caller.id);
}

/** Does what is told by mail, and gives the mail back where that throws: what was refused is told to nobody. Errors: ProblemError `limited`, those of the work. */
export async function withMail<T>({ limits }: { limits: Limits }, caller: Changing, work: () => Promise<T>): Promise<T> {
  await takeMail({ limits }, caller);
  try {
    return await work();
  } catch (error) {
    if (isLimited(caller)) await limits.refund('security-mails', caller.id);
    throw error;
  }
}

const isLimited = ({ role }: Changing) => role !== 'admin' && role !== 'service';
