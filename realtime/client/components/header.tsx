import { useApp, useApps } from '../app.ts';
import { isAdmin } from '../rights.ts';
import type { ConnectionState } from '../store.ts';
import { Mark, Sign } from './icons.tsx';
import { Bell } from './inbox.tsx';
import { Person } from './person.tsx';

const CONNECTIONS: Record<ConnectionState, { word: string; hint: string }> = {
  connecting: { word: 'Connecting', hint: 'Changes of others will be shown as they happen.' },
  live: { word: 'Live', hint: 'Changes of others are shown as they happen.' },
  reconnecting: { word: 'Reconnecting', hint: 'The connection was cut. It comes back by itself, and what was missed is made up for.' },
  offline: { word: 'Offline', hint: 'There is no network. What you change is sent when it is back within a minute.' },
};

export function Header() {
  const { navigation, session } = useApp();
  const me = useApps((state) => state.me);
  // The session knows the name as it was when somebody logged in.
  const name = useApps(({ me: own, people }) => (own ? (people[own.id]?.name ?? own.name) : ''));
  const isFor = useApps(isAdmin);
  return (
    <header class="header">
      <a class="brand" href="/" aria-label="taskledger: the board">
        <Mark />
        <span class="brand-name">taskledger</span>
      </a>
      <ConnectionSign />
      <div class="header-right">
        <button type="button" class="primary" onClick={() => navigation.go('/tasks/new')} aria-label="New task" aria-keyshortcuts="n">
          <Sign name="plus" />
          <span>
            New<span class="roomy"> task</span>
          </span>
        </button>
        <Bell />
        <button
          type="button"
          class="quiet keys-button"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={() => navigation.go('/keys')}
        >
          <Sign name="keys" />
        </button>
        {isFor && (
          <button type="button" class="quiet" aria-label="Members" title="Members" onClick={() => navigation.go('/members')}>
            <Sign name="people" />
          </button>
        )}
        {me && (
          <span class="me" title={name}>
            <span class="unseen">You are {name}.</span>
            <button type="button" class="quiet me-choice" title="My page" onClick={() => navigation.go('/me')}>
              <span class="unseen">My page</span>
              <Person id={me.id} />
            </button>
          </span>
        )}
        <button type="button" class="quiet" aria-label="Log out" title="Log out" onClick={() => void session.logout()}>
          <Sign name="leave" />
        </button>
      </div>
    </header>
  );
}

function ConnectionSign() {
  const connection = useApps((state) => state.connection);
  const { word, hint } = CONNECTIONS[connection];
  return (
    <p class={`connection connection-${connection}`} title={hint} data-connection={connection}>
      <span class="connection-dot" aria-hidden="true" />
      <span class="unseen">Connection: {word}</span>
      <span class="connection-word" aria-hidden="true">
        {word}
      </span>
    </p>
  );
}
