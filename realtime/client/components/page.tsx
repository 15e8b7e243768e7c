/** The whole page: the place that the address names, and the dialog over it. */
import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { CODE_PURPOSES } from '../../../contracts/places.ts';
import { useApps } from '../app.ts';
import { BoardPage } from './board-page.tsx';
import { Entrance } from './entrance.tsx';
import { Following } from './following.tsx';
import { InboxDialog } from './inbox.tsx';
import { KeysDialog } from './keys-dialog.tsx';
import { MailedLinkPage } from './mailed-link.tsx';
import { NewTask } from './new-task.tsx';
import { Notes } from './notes.tsx';
import { TaskPlace } from './task-dialog.tsx';
import { Unconfirmed } from './unconfirmed.tsx';

export function Page() {
  const said = useApps((state) => state.said);
  return (
    <LocationProvider>
      <Following />
      <Place />
      <p class="unseen" aria-live="polite" data-said>
        {said}
      </p>
    </LocationProvider>
  );
}

function Place() {
  const me = useApps((state) => state.me);
  const { path } = useLocation();
  const purpose = CODE_PURPOSES.find((one) => path === `/${one}`);
  if (purpose) return <MailedLinkPage key={purpose} purpose={purpose} />;
  if (!me || path === '/forgotten') return <Entrance path={path} />;
  return me.confined === 'profile' ? <Unconfirmed /> : <Inside key={me.id} />;
}

/** The places of who is logged in: what is beneath, and the dialog over it. Messages stand in the dialog where there is one. */
function Inside() {
  return (
    <div class="page">
      <BoardPage />
      <Router>
        <Route path="/tasks/new" component={NewTask} />
        <Route path="/tasks/:task/:part*" component={TaskPlace} />
        <Route path="/inbox" component={InboxDialog} />
        <Route path="/keys" component={KeysDialog} />
        <Route default component={Notes} />
      </Router>
    </div>
  );
}
