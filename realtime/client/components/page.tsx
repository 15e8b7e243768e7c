/** The whole page: the place that the address names, and the dialog over it. */
import { ErrorBoundary, LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { CODE_PURPOSES, isPlace } from '../../../contracts/places.ts';
import { useApps } from '../app.ts';
import type { Me } from '../session.ts';
import { BoardPage } from './board-page.tsx';
import { ConfirmAddress } from './confirm-address.tsx';
import { Entrance } from './entrance.tsx';
import { FollowedPlace } from './following.tsx';
import { InboxDialog } from './inbox.tsx';
import { KeysDialog } from './keys-dialog.tsx';
import { later } from './later.tsx';
import { MailedLinkPage } from './mailed-link.tsx';
import { NewAddress } from './new-address.tsx';
import { NewTask } from './new-task.tsx';
import { Notes } from './notes.tsx';
import { NothingHere } from './nothing-here.tsx';
import { SignInPage } from './sign-in.tsx';
import { TaskPlace } from './task-dialog.tsx';
import { Unconfirmed } from './unconfirmed.tsx';

const MyPage = later(() => import('./my-page.tsx').then((loaded) => loaded.MyPage));
const MyDialog = later<{ part?: string }>(() => import('./my-dialogs.tsx').then((loaded) => loaded.MyDialog));
const MembersPage = later(() => import('./members-page.tsx').then((loaded) => loaded.MembersPage));
const MemberDialog = later<{ member?: string }>(() => import('./member-dialog.tsx').then((loaded) => loaded.MemberDialog));
const Invite = later(() => import('./invite.tsx').then((loaded) => loaded.Invite));
const NeedsSecondFactor = later(() => import('./needs-second-factor.tsx').then((loaded) => loaded.NeedsSecondFactor));
const NeedsOwnPassword = later(() => import('./needs-own-password.tsx').then((loaded) => loaded.NeedsOwnPassword));
const Proof = later(() => import('./proof.tsx').then((loaded) => loaded.Proof));

export function Page() {
  const said = useApps((state) => state.said);
  return (
    <LocationProvider>
      <FollowedPlace />
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
  if (purpose === 'confirm') return <ConfirmAddress />;
  if (purpose && purpose !== 'address') return <MailedLinkPage key={purpose} purpose={purpose} />;
  if (path === '/sign-in') return <SignInPage />;
  if (!me || path === '/forgotten') return <Entrance path={path} />;
  if (purpose) return <NewAddress />;
  // A slash at the end is the same place.
  return isPlace(path.replace(/(?<=.)\/$/, '')) ? <OfUser me={me} /> : <NothingHere />;
}

/** The places of who is logged in, or what they have to do first. */
function OfUser({ me: { id, confined } }: { me: Me }) {
  if (confined === 'profile') return <Unconfirmed />;
  return confined === undefined || confined === 'read' ? <Inside key={id} /> : <First does={confined} />;
}

/** The places of who is logged in: what is beneath, and the dialog over it. Messages stand in the dialog where there is one. */
function Inside() {
  return (
    <div class="page">
      <Router>
        <Route path="/me/:part?" component={MyPage} />
        <Route path="/members/:member?" component={MembersPage} />
        <Route default component={BoardPage} />
      </Router>
      <Router>
        <Route path="/me/:part" component={MyDialog} />
        <Route path="/members/invite" component={Invite} />
        <Route path="/members/:member" component={MemberDialog} />
        <Route path="/tasks/new" component={NewTask} />
        <Route path="/tasks/:task/:part*" component={TaskPlace} />
        <Route path="/inbox" component={InboxDialog} />
        <Route path="/keys" component={KeysDialog} />
        <Route default component={Notes} />
      </Router>
      <Proving />
    </div>
  );
}

/** The place of who has to do something before anything else. */
function First({ does }: { does: 'password' | 'second-factor' }) {
  return (
    <>
      <ErrorBoundary>{does === 'password' ? <NeedsOwnPassword /> : <NeedsSecondFactor />}</ErrorBoundary>
      <Proving />
    </>
  );
}

/** The prompt for the password; its code is loaded when the first is asked for. */
function Proving() {
  const isAsked = useApps((state) => state.proving !== null);
  return <ErrorBoundary>{isAsked && <Proof />}</ErrorBoundary>;
}
