/** Looking whether a mailed link is still good, before anything is asked for. */
import { useEffect, useState } from 'preact/hooks';
import type { LinkPurpose } from '../../contracts/places.ts';
import { useApp } from './app.ts';

/** `good`; `done`: not any more, since what it was for is done; `ended`: for nothing, as one that is too old. */
export type LinkFound = 'good' | 'done' | 'ended';

export interface LinkCheck {
  /** What was found; undefined until that is known. Where the server cannot tell the link counts as good, since sending the form tells it, too. */
  found: LinkFound | undefined;
  /** Looks again, after the form was refused for the link: where the server cannot tell why, it counts as ended then. */
  lookAgain(): void;
}

/** Looks at a link. `token`: its code; null where there is none to be asked about. */
export function useLinkCheck(purpose: LinkPurpose, token: string | null): LinkCheck {
  const { api } = useApp();
  const [found, setFound] = useState<LinkFound>();
  const [refusals, setRefusals] = useState(0);
  useEffect(() => {
    setFound(undefined);
    if (token === null) return;
    let isOver = false;
    const tell = (answer: LinkFound) => !isOver && setFound(answer);
    api
      .open<{ good: boolean; done: boolean }>('/api/link-checks', { purpose, token })
      .then(foundIn)
      .then(tell, () => tell(refusals === 0 ? 'good' : 'ended'));
    return () => {
      isOver = true;
    };
  }, [api, purpose, token, refusals]);
  return { found, lookAgain: () => setRefusals(refusals + 1) };
}

function foundIn({ good, done }: { good: boolean; done: boolean }): LinkFound {
  if (good) return 'good';
  return done ? 'done' : 'ended';
}
