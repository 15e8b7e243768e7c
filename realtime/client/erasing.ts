/** Erasing a person from the page: the order, and the certificate once it is there, which who is erased gets without being logged in. */
import type { ErasureCertificate, ErasureStatus } from '../../contracts/erasure.ts';
import type { Api } from './api.ts';

/** Milliseconds between two questions. */
const EVERY = 3_000;

type Answer = ErasureCertificate | (ErasureStatus & { proof?: string });

const isCertificate = (answer: Answer): answer is ErasureCertificate => 'signature' in answer;

/** Orders the erasure of a person; resolves to what then waits for the certificate. Errors: ApiError. */
export async function orderErasure(api: Pick<Api, 'command'>, id: string): Promise<() => Promise<ErasureCertificate>> {
  const first = (await api.command('DELETE', `/api/users/${id}?erase=true`)) as unknown as Answer;
  return async () => {
    if (isCertificate(first)) return first;
    const path = `/api/erasure?${new URLSearchParams({ person: id, proof: first.proof ?? '' })}`;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, EVERY));
      // A network that is away comes back: the erasure goes on meanwhile.
      const answer = await fetch(path, { cache: 'no-store' }).catch(() => null);
      if (answer?.status === 200) return (await answer.json()) as ErasureCertificate;
    }
  };
}
