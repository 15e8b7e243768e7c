/** The sessions of the user: with device, network and last use; each can be ended, and all but this one. */
import { changeAccount, type PageOf, type SessionLine, useAnswer, useReturns } from '../accounts.ts';
import { useApp } from '../app.ts';
import { SessionList } from './session-list.tsx';

export function OwnSessions() {
  const app = useApp();
  const { body, trouble } = useAnswer<PageOf<SessionLine>>('/api/sessions');
  useReturns();
  const sessions = body?.items ?? [];
  const end = (path: string, said: string) => changeAccount(app, () => app.api.command('DELETE', path), { said, otherwise: 'It goes on.' });
  return (
    <section class="own-part" aria-labelledby="own-sessions" aria-busy={body === null}>
      <h2 id="own-sessions">Where you are logged in</h2>
      {trouble && <p class="wrong">{trouble}</p>}
      <SessionList sessions={sessions} onEnd={(id) => end(`/api/sessions/${id}`, 'The session has ended.')} />
      {sessions.length > 1 && (
        <button type="button" class="danger" onClick={() => void end('/api/sessions', 'All other sessions have ended.')}>
          End all others
        </button>
      )}
    </section>
  );
}
