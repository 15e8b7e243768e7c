/** The whole page. */
import { useApps } from '../app.ts';
import type { Me } from '../session.ts';
import { BoardPage } from './board-page.tsx';
import { Entrance } from './entrance.tsx';
import { MailedLinkPage } from './mailed-link.tsx';
import { Unconfirmed } from './unconfirmed.tsx';

export function Page() {
  const me = useApps((state) => state.me);
  const link = useApps((state) => state.link);
  const said = useApps((state) => state.said);
  return (
    <>
      {link ? <MailedLinkPage link={link} /> : <Inside me={me} />}
      <p class="unseen" aria-live="polite" data-said>
        {said}
      </p>
    </>
  );
}

function Inside({ me }: { me: Me | null }) {
  if (!me) return <Entrance />;
  return me.confined === 'profile' ? <Unconfirmed /> : <BoardPage key={me.id} />;
}
