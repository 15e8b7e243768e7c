/** Members: everybody who has an account, for admins. */
import { useState } from 'preact/hooks';
import type { UserView } from '../../../contracts/user.ts';
import { firstPages, useAccountChanges, useLoaded } from '../accounts.ts';
import { useApp, useApps } from '../app.ts';
import { isAdmin } from '../rights.ts';
import { Header } from './header.tsx';
import { InvitationList } from './invitation-list.tsx';
import { Person } from './person.tsx';

export function MembersPage({ query }: { query?: Record<string, string> }) {
  const isFor = useApps(isAdmin);
  return (
    <>
      <Header />
      <main class="main own-page">
        <h1>Members</h1>
        {isFor ? <Lists words={query?.q ?? ''} /> : <p>Members are for admins.</p>}
      </main>
    </>
  );
}

function Lists({ words }: { words: string }) {
  return (
    <>
      <InvitationList />
      <MemberList words={words} />
    </>
  );
}

function MemberList({ words }: { words: string }) {
  const { api, navigation } = useApp();
  const [pages, setPages] = useState(1);
  useAccountChanges('role:admin');
  const path = `/api/users?limit=50${words && `&q=${encodeURIComponent(words)}`}`;
  const { body, trouble } = useLoaded(`${path} ${pages}`, (after) => firstPages<UserView>(api, path, { pages, after }));
  const search = (text: string) => navigation.go(text ? `/members?q=${encodeURIComponent(text)}` : '/members', { replace: true });
  return (
    <section class="own-part" aria-label="Members" aria-busy={body === null}>
      <label class="own-search">
        Search by name
        <input type="search" data-search value={words} maxLength={200} onInput={(event) => search(event.currentTarget.value)} />
      </label>
      {trouble && (
        <p class="wrong" role="alert">
          {trouble}
        </p>
      )}
      <p class="unseen" role="status">
        {body && `${body.items.length}${body.next ? ' or more' : ''} members`}
      </p>
      <ul class="own-rows">
        {body?.items.map((member) => (
          <MemberRow key={member.id} member={member} />
        ))}
      </ul>
      {body?.next && (
        <button type="button" onClick={() => setPages(pages + 1)}>
          Show more
        </button>
      )}
    </section>
  );
}

function MemberRow({ member: { id, name, role, email, confirmed } }: { member: UserView }) {
  const { navigation } = useApp();
  return (
    <li class="own-row" data-member={id}>
      <span class="own-label own-person">
        <Person id={id} />
        {name}
      </span>
      <span class="own-value">
        {email} {confirmed === false && <span class="soft">not confirmed</span>}
      </span>
      <span>{role}</span>
      <button type="button" aria-label={`Open ${name}`} onClick={() => navigation.go(`/members/${id}${location.search}`)}>
        Open
      </button>
    </li>
  );
}
