/** The choices of what the user is told of, and on which channels: each is shown and sent as soon as it is made, and stays as chosen where it is refused. */
import { useRef, useState } from 'preact/hooks';
import { changedAccounts, useAnswer } from './accounts.ts';
import { reason } from './actions.ts';
import { useApp } from './app.ts';

/** A kind of notification, as `GET /api/me/notifications` tells it. */
export interface ChoiceLine {
  kind: string;
  words: string;
  channels: readonly string[];
}

interface ChoicesAnswer {
  items: ChoiceLine[];
  sms: 'ready' | 'needs-phone' | 'none';
}

/** The channels that were chosen for a kind on this page, which the server has not told yet. */
interface Wish {
  channels: readonly string[];
  /** The reason why the server does not keep them; empty while they are on their way, and once they are kept. */
  trouble: string;
  /** The answer of before they were kept: a later one has them. Missing until they are kept. */
  over?: ChoicesAnswer | null;
}

/** The choices as they are shown: what was chosen here before what the server tells. */
export function useChoices() {
  const app = useApp();
  const { body, trouble, isMissing } = useAnswer<ChoicesAnswer>('/api/me/notifications');
  const [, redraw] = useState({});
  const wishes = useRef(new Map<string, Wish>()).current;
  const underWay = useRef(new Set<string>()).current;
  const shown = useRef(body);
  shown.current = body;

  const wishOf = (kind: string) => {
    const wish = wishes.get(kind);
    return wish?.over === undefined || wish.over === body ? wish : undefined;
  };

  function wish(kind: string, is: Wish): void {
    wishes.set(kind, is);
    redraw({});
  }

  /** Sends what is wanted of a kind, and what is wanted of it by then, one after the other: the last choice is the one that stays. */
  async function send(kind: string): Promise<void> {
    if (underWay.has(kind)) return;
    underWay.add(kind);
    try {
      await sendLatest(kind);
    } finally {
      underWay.delete(kind);
      redraw({});
    }
  }

  async function sendLatest(kind: string): Promise<void> {
    const channels = wishes.get(kind)?.channels ?? [];
    const refusal = await app.api.command('PUT', '/api/me/notifications', { body: { [kind]: channels } }).then(() => '', reason);
    const latest = wishes.get(kind)?.channels ?? channels;
    if (latest !== channels) return sendLatest(kind);
    wish(kind, { channels, trouble: refusal, ...(refusal ? {} : { over: shown.current }) });
    if (refusal) return;
    app.actions.say('Your choice is kept.');
    changedAccounts(app);
  }

  const lines = body?.items.map((line) => ({
    ...line,
    channels: wishOf(line.kind)?.channels ?? line.channels,
    trouble: wishOf(line.kind)?.trouble ?? '',
  }));
  return {
    lines,
    sms: body?.sms,
    trouble,
    isMissing,
    isSending: underWay.size > 0,
    choose(kind: string, channels: readonly string[]) {
      wish(kind, { channels, trouble: '' });
      void send(kind);
    },
  };
}
