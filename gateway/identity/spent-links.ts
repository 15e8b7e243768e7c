/** What is said of a mailed link that is good for nothing: that what it was for is done, or how another one is to be had. */
import { ProblemError } from '../../contracts/problem.ts';
import type { CodePurpose, Codes } from './codes.ts';

const ENDED = 'is too old, was followed by a newer one, or is not ours';

const SAID: Readonly<Record<CodePurpose, { done: string; ended: string }>> = {
  confirm: {
    done: 'Your e-mail address is confirmed already. Log in.',
    ended: 'This link is too old, or a newer one was mailed. Open the newest mail, or have it sent again (POST /api/confirmation-mails).',
  },
  reset: {
    done: 'This link was used already, or the password was set in another way. Log in with it, or ask for another link.',
    ended: 'This link is too old, or a newer one was mailed. Open the newest mail, or ask for another link (POST /api/password-resets).',
  },
  address: {
    done: 'This link was used already. Your account has the address that it shows.',
    ended: 'This link is too old, or a newer one was mailed. Open the newest mail, or ask for the change again.',
  },
  invitation: {
    done: 'This invitation was used already: there is an account. Log in to it.',
    ended: 'This invitation was taken back, or is too old, or a newer mail followed. Open the newest mail, or ask for another one.',
  },
};

/** The refusal of a code that is good for nothing. `pointer`: its field in the body. */
export async function spentLink(codes: Pick<Codes, 'isDone'>, code: string, purpose: CodePurpose, pointer = '/token'): Promise<ProblemError> {
  const isDone = await codes.isDone(code, purpose);
  const { done, ended } = SAID[purpose];
  return new ProblemError('invalid', isDone ? done : ended, { errors: [{ pointer, detail: isDone ? 'was used already' : ENDED }] });
}
