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
  /** The link whose form was refused last. An object each time, so that each refusal looks again. */
  const [refused, setRefused] = useState<RefusedLink>();
  useEffect(() => {
    setFound(undefined);
    if (token === null) return;
    let isOver = false;
    const tell = (answer: LinkFound) => !isOver && setFound(answer);
    api
      .open<{ good: boolean; done: boolean }>('/api/link-checks', { purpose, token })
      .then(foundIn)
      .then(tell, () => tell(untold({ purpose, token }, refused)));
    return () => {
      isOver = true;
    };
  }, [api, purpose, token, refused]);
  return { found, lookAgain: () => token !== null && setRefused({ purpose, token }) };
}

/** A link whose form was refused. */
export interface RefusedLink {
  purpose: LinkPurpose;
  token: string;
}

/** What a link counts as where the server cannot tell: as ended where its own form was refused, and not that of another link before it. */
export function untold(link: RefusedLink, refused: RefusedLink | undefined): 'good' | 'ended' {
  return refused?.token === link.token && refused.purpose === link.purpose ? 'ended' : 'good';
}

function foundIn({ good, done }: { good: boolean; done: boolean }): LinkFound {
  if (good) return 'good';
  return done ? 'done' : 'ended';
}
