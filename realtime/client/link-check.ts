/** Looking whether a mailed link is still good, before anything is asked for. */
import { useEffect, useState } from 'preact/hooks';
import type { LinkPurpose } from '../../contracts/places.ts';
import { useApp } from './app.ts';

/**
 * Whether the link is good: undefined until that is known. Where the server cannot tell it counts as good, since sending the form tells it, too.
 * `token`: the code of the link; null where there is none to be asked about.
 */
export function useLinkCheck(purpose: LinkPurpose, token: string | null): boolean | undefined {
  const { api } = useApp();
  const [good, setGood] = useState<boolean>();
  useEffect(() => {
    setGood(undefined);
    if (token === null) return;
    let isOver = false;
    const tell = (answer: boolean) => !isOver && setGood(answer);
    api.open<{ good: boolean }>('/api/link-checks', { purpose, token }).then(
      (answer) => tell(answer.good),
      () => tell(true),
    );
    return () => {
      isOver = true;
    };
  }, [api, purpose, token]);
  return good;
}
