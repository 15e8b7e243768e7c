/**
 * An error that only the operator can mend: it is shown as one line, which says what to do, without a stack.
 *
 *     throw new UserError('Port 3000 is taken by another program. Set PORT to another.', { cause });
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}
