/**
 * Problem codes ↔ HTTP statuses: the one table, used by the server and by its clients (RFC 9457).
 */
export const PROBLEMS = {
  invalid: { status: 422, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'Log in first' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Not with this method' },
  timeout: { status: 408, title: 'The request took too long' },
  conflict: { status: 409, title: 'In conflict with the present state' },
  limited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not available right now' },
  internal: { status: 500, title: 'Something went wrong here' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

/** The statuses with which a code comes beside its own, where HTTP has a finer one. */
export const FINER_STATUSES = {
  invalid: [400, 413, 414, 415, 416, 417, 431],
  not_found: [410],
  conflict: [412],
} as const satisfies Partial<Record<ProblemCode, readonly number[]>>;

/** The status of a problem. */
export type ProblemStatus = (typeof PROBLEMS)[ProblemCode]['status'] | (typeof FINER_STATUSES)[keyof typeof FINER_STATUSES][number];

/** Every status with which a code comes, its own first. */
export function statusesOf(code: ProblemCode): readonly number[] {
  const finer: Partial<Record<ProblemCode, readonly number[]>> = FINER_STATUSES;
  return [PROBLEMS[code].status, ...(finer[code] ?? [])];
}

/** The type of the 403 of a call that wants its caller to prove anew who they are, by `POST /api/me/proof`; then the call is made again. */
export const FRESH_LOGIN_NEEDED = '/problems/fresh-login';

/** The type of the 404 of a user who was deleted: nothing is told of them but that. */
export const FORMER_USER = '/problems/former-user';

/** The types of the 403s of who has to do something before anything else: confirm the address, choose a password in place of a made one, set a second factor up. */
export const FIRST_NEEDED = {
  address: '/problems/confirm-address',
  password: '/problems/own-password',
  secondFactor: '/problems/second-factor',
} as const;

/** One field that is wrong: a JSON Pointer (RFC 6901) into the body, or `?name`, `:name`, `Header-Name`, and what to do. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** The body of every error answer: `application/problem+json`. */
export interface Problem {
  /** Stable URI reference: `/problems/<code>`, or a finer one where a client can do something about it (`FRESH_LOGIN_NEEDED`, `FIRST_NEEDED`, `FORMER_USER`). */
  type: string;
  code: ProblemCode;
  title: string;
  status: number;
  detail: string;
  errors?: FieldError[];
  /** Of an erasure that has begun, or may have: the text by which its person can ask how it goes. */
  proof?: string;
  /** The request's id, also in the log. */
  instance?: string;
}

/** The answer of a decider, instead of events, where the rules forbid a command: an expected refusal is a value. */
export interface Refusal {
  refused: ProblemCode;
  detail: string;
  errors?: FieldError[];
}

/** An expected refusal on its way to an answer. `status` overrides the code's own where HTTP has a finer one; `type` overrides `/problems/<code>`. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly status: number;
  readonly errors: FieldError[] | undefined;
  readonly headers: Record<string, string>;
  readonly type: string;
  readonly proof: string | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      status?: ProblemStatus;
      type?: string;
      errors?: FieldError[] | undefined;
      headers?: Record<string, string>;
      proof?: string;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.name = 'ProblemError';
    this.code = code;
    this.status = more.status ?? PROBLEMS[code].status;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
    this.type = more.type ?? `/problems/${code}`;
    this.proof = more.proof;
  }
}

export function toProblem(error: ProblemError, instance?: string): Problem {
  return {
    type: error.type,
    code: error.code,
    title: PROBLEMS[error.code].title,
    status: error.status,
    detail: error.message,
    ...(error.errors ? { errors: error.errors } : {}),
    ...(error.proof ? { proof: error.proof } : {}),
    ...(instance ? { instance } : {}),
  };
}
