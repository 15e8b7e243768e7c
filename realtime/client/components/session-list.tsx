import type { SessionLine } from '../accounts.ts';
import { ago, fullTime } from '../words.ts';

/** Sessions, the last used first; this one cannot be ended here, since Log out does that. */
export function SessionList({ sessions, onEnd }: { sessions: readonly SessionLine[]; onEnd: (id: string) => Promise<void> }) {
  return (
    <ul class="own-rows">
      {sessions.map(({ id, current, userAgent, ip, lastUsedAt, device }) => (
        <li key={id} class="own-row" data-session={current ? 'this' : 'other'}>
          <span class="own-label" title={userAgent ?? ''}>
            {device}
          </span>
          <span class="own-value">
            {ip},{' '}
            <time dateTime={lastUsedAt} title={fullTime(lastUsedAt)}>
              last used {ago(lastUsedAt)}
            </time>
          </span>
          {current ? (
            <span class="soft">this one</span>
          ) : (
            <button type="button" class="danger" aria-label={`End the session of ${device}`} onClick={() => void onEnd(id)}>
              End
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
