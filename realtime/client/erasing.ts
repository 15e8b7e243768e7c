/** Erasing a person from the page: the order, and the certificate once it is there, which who is erased gets without being logged in. */
import type { ErasureCertificate, ErasureStatus } from '../../contracts/erasure.ts';
import type { UserView } from '../../contracts/user.ts';
import { type Api, ApiError } from './api.ts';

/** Milliseconds between two questions. */
const EVERY = 3_000;
/** Answers one after the other that know of no erasure, after which there is none. */
const UNKNOWN = 20;

type Answer = ErasureCertificate | (Partial<ErasureStatus> & { proof?: string });

export interface OrderOptions {
  /** True where an admin erases themselves: another one is named who stays. */
  isAdminsOwn?: boolean;
  fetch?: (path: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds between two questions. */
  every?: number;
}

const isCertificate = (answer: Answer): answer is ErasureCertificate => 'signature' in answer;

/** Orders the erasure of a person; resolves to what then waits for the certificate. Errors: ApiError. */
export async function orderErasure(
  api: Pick<Api, 'command' | 'get'>,
  id: string,
  { isAdminsOwn = false, fetch: ask = (path, init) => fetch(path, init), every = EVERY }: OrderOptions = {},
): Promise<() => Promise<ErasureCertificate>> {
  const other = isAdminsOwn ? await anotherAdmin(api, id) : undefined;
  const first = await ordered(api, `/api/users/${id}?erase=true${other === undefined ? '' : `&beside=${other}`}`);
  return async () => (isCertificate(first) ? first : certifiedBy({ person: id, proof: first.proof ?? '' }, ask, every));
}

/** Asks by the proof until the certificate is there. */
async function certifiedBy(
  of: { person: string; proof: string },
  ask: NonNullable<OrderOptions['fetch']>,
  every: number,
): Promise<ErasureCertificate> {
  for (let unknown = 0; unknown < UNKNOWN; ) {
    await new Promise((resolve) => setTimeout(resolve, every));
    // A network that is away comes back: the erasure goes on meanwhile.
    const answer = await ask(`/api/erasure?${new URLSearchParams(of)}`, { cache: 'no-store' }).catch(() => null);
    if (answer?.status === 200) return (await answer.json()) as ErasureCertificate;
    unknown = answer?.status === 404 ? unknown + 1 : 0;
  }
  throw new ApiError('The server knows of no such erasure. Log in and order it again.', 404);
}

/** The first answer; where the server cannot say whether it has begun, the proof by which to ask. */
async function ordered(api: Pick<Api, 'command'>, path: string): Promise<Answer> {
  try {
    return (await api.command('DELETE', path)) as unknown as Answer;
  } catch (error) {
    if (error instanceof ApiError && error.proof !== undefined) return { proof: error.proof };
    throw error;
  }
}

/** The id of another admin who can log in; undefined where the first hundred have none. */
async function anotherAdmin(api: Pick<Api, 'get'>, id: string): Promise<string | undefined> {
  const { body } = await api.get<{ items: Pick<UserView, 'id' | 'confirmed'>[] }>('/api/users?role=admin&limit=100');
  return body.items.find((one) => one.id !== id && one.confirmed)?.id;
}

/** What is said of an error of an order: that nothing was erased, where the server refused it. Who has no session may have lost it by that very order. */
export function whatBecame(error: unknown): string {
  const status = error instanceof ApiError ? error.status : 0;
  return status >= 400 && status < 500 && status !== 401 ? 'Nothing was erased.' : 'Nobody can say whether the erasure has begun.';
}
