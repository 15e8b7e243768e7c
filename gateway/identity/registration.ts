/** Registration: the password goes to the secrets before the command runs, and never into it. */
import type { z } from 'zod';
import { normaliseEmail } from '../../contracts/email.ts';
import { ProblemError } from '../../contracts/problem.ts';
import type { userContract } from '../../contracts/user.ts';
import type { CommandHandler } from '../../platform/command-handler.ts';
import { type Limits, networkOf } from '../../platform/http/limits/limits.ts';
import type { Answer, RouteRequest, RouteWith } from '../../platform/http/route.ts';
import { answerOf, commandAnswer, commandOf, commandRow, contextOf } from '../../write-side/command-routes.ts';
import type { Attempts } from './attempts.ts';
import type { Credentials } from './credentials.ts';
import { expectGoodPassword } from './new-password.ts';
import { expectOpenRegistration, type Registrations } from './session-rules.ts';
import type { Users } from './users.ts';

export interface RegistrationOptions {
  commands: CommandHandler;
  credentials: Credentials;
  users: Users;
  attempts: Attempts;
  limits: Limits;
  /** REGISTRATION. */
  registrations: Registrations;
  hmac(text: string): string;
  now(): Date;
}

type Body = z.infer<typeof userContract.commands.RegisterUser.body>;

const registering = commandRow('RegisterUser');
const { method, path, who, summary, body, example } = registering.contract;

/** POST /api/users. */
export const registration: RouteWith<RegistrationOptions> = {
  row: { method, path, who, audit: 'registration', always: true, summary, tag: 'users', body, response: commandAnswer, example },
  answer: register,
};

async function register(options: RegistrationOptions, request: RouteRequest): Promise<Answer> {
  const { commands, credentials, hmac, limits, now } = options;
  expectOpenRegistration(options.registrations);
  const limit = await limits.consume('registration', networkOf(request.ip));
  const { password, ...person } = request.body as Body;
  if (password !== undefined) expectGoodPassword(password, person, '/password');
  // Two strangers may choose one Idempotency-Key: it is one command only where the address is one, too.
  const stranger = hmac(`registering:${normaliseEmail(person.email)}`);
  const command = commandOf(registering, { ...request, body: person }, () => now().toISOString(), stranger);
  // The hash in the log is of a body without the password, because a fast hash of a password would help to guess it.
  const context = contextOf({ ...request, body: { ...person, password: password !== undefined } }, hmac);
  const placed = password !== undefined && (await place(options, { id: command.id, ip: request.ip, email: person.email, password }));
  try {
    request.audit?.({ user: command.id });
    const answer = answerOf(registering, command, await commands.handle(command, context));
    return { ...answer, headers: { ...limit, ...answer.headers } };
  } catch (error) {
    if (placed && isFinal(error)) await credentials.remove(command.id);
    throw error;
  }
}

/**
 * Sets the first password of a user who is about to be made; true where this call did. An existing user keeps theirs: this may be a repeat,
 * which must name the same password.
 */
async function place(options: RegistrationOptions, of: { id: string; ip: string; email: string; password: string }): Promise<boolean> {
  const { attempts, credentials, users } = options;
  const { id, ip, email, password } = of;
  const registered = (await users.load(id)).state.exists;
  if (!registered && (await credentials.setFirst(id, password, { key: networkOf(ip), known: false }))) return true;
  if (!(await credentials.has(id))) return false;
  if (await attempts.attempt(normaliseEmail(email), ip, (asker) => credentials.verify(id, password, asker))) return false;
  throw new ProblemError('invalid', 'This Idempotency-Key was used on this path with another body. Use a new key for a new command.', {
    errors: [{ pointer: 'Idempotency-Key', detail: 'belongs to another body' }],
  });
}

/** True for a refusal that left no user behind. Where the outcome is unknown, the password must stay. */
function isFinal(error: unknown): boolean {
  return error instanceof ProblemError && error.code !== 'unavailable';
}
