/**
 * What only who runs this can mend: it is shown as its one line, which says what to do, and without a stack.
 *
 *     throw new UserError('Port 3000 is taken by another program. Set PORT to another.', { cause });
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}
