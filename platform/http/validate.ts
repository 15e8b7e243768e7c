/** Validates input by schemas: the error names every wrong field, with the words to mend it. */
import type { z } from 'zod';
import { type FieldError, ProblemError } from '../../contracts/problem.ts';
import { wordsFor } from './validation-words.ts';

/** The body by its schema. Error: ProblemError `invalid` 422 with JSON Pointers (RFC 6901). */
export function validBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const errors = fieldErrors(result.error, body, (path) =>
    path.map((part) => `/${short(String(part)).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
  );
  throw new ProblemError('invalid', summary(errors), { errors });
}

/** The query string by its schema. Error: ProblemError `invalid` 400 with pointers like `?limit`. */
export function validQuery<T>(schema: z.ZodType<T>, query: unknown): T {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const errors = fieldErrors(result.error, query, (path) => `?${short(String(path[0] ?? ''))}`);
  throw new ProblemError('invalid', summary(errors), { status: 400, errors });
}

/** A path parameter that must be a UUID, in lower case. Error: ProblemError `invalid` 400. */
export function validId(id: string): string {
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(id)) return id.toLowerCase();
  throw new ProblemError('invalid', 'The id in the path is not a UUID.', { status: 400, errors: [{ pointer: ':id', detail: 'must be a UUID' }] });
}

/** Errors named in an answer at most. A body of a megabyte may have a hundred thousand, which would make an answer several times its size. */
const MOST_ERRORS = 100;

/** Characters of a name in an answer, at most: a client may have made one of a megabyte. */
const MOST_OF_A_NAME = 100;

function short(name: string): string {
  return name.length > MOST_OF_A_NAME ? `${name.slice(0, MOST_OF_A_NAME)}…` : name;
}

function fieldErrors(error: z.ZodError, input: unknown, pointer: (path: PropertyKey[]) => string): FieldError[] {
  const errors = error.issues.slice(0, MOST_ERRORS).flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [{ pointer: pointer(issue.path), detail: wordsFor(issue, input) }];
    return issue.keys.slice(0, MOST_ERRORS).map((key) => ({ pointer: pointer([...issue.path, key]), detail: 'is not a known field' }));
  });
  return errors.filter(isFirstOfItsField).slice(0, MOST_ERRORS);
}

/** False for what another rule says of the same field: what has another type also has another length, and nobody has to know. */
function isFirstOfItsField({ pointer }: FieldError, index: number, all: readonly FieldError[]): boolean {
  return all.findIndex((other) => other.pointer === pointer) === index;
}

function summary(errors: FieldError[]): string {
  const fields = [...new Set(errors.map((one) => one.pointer || 'the body'))];
  return `Not valid: ${fields.slice(0, 10).join(', ')}${fields.length > 10 ? ', …' : ''}.`;
}
