/** What admins do with an account: another role, confirming its address, deleting it, erasing its person. */
import { ROLES } from '../../../contracts/role.ts';
import type { UserView } from '../../../contracts/user.ts';
import { type PageOf, type SessionLine, useAnswer } from '../accounts.ts';
import { inSentence, useApp, useApps } from '../app.ts';
import { useOrders } from '../orders.ts';
import { isAdmin } from '../rights.ts';
import { AskedTwice } from './asked-twice.tsx';
import { Dialog, DialogHead } from './dialog.tsx';
import { EraseButton } from './erase.tsx';
import { DataDownload } from './own-data.tsx';
import { Person } from './person.tsx';
import { SessionList } from './session-list.tsx';

export function MemberDialog({ member = '' }: { member?: string }) {
  const { navigation } = useApp();
  const isFor = useApps(isAdmin);
  const { body, trouble } = useAnswer<UserView>(`/api/users/${member}`);
  if (!isFor) return null;
  return (
    <Dialog label={body?.name ?? 'Member'} kind="box" onClose={() => navigation.leave('/members')}>
      <DialogHead title={body?.name ?? (trouble ? 'This member cannot be shown' : 'One moment…')} />
      {trouble && (
        <p class="wrong" role="alert">
          {trouble}
        </p>
      )}
      {body && <Member key={body.id} member={body} />}
    </Dialog>
  );
}

function Member({ member: { id, role, email, confirmed, phone, ...member } }: { member: UserView }) {
  const name = inSentence(member.name);
  const { navigation } = useApp();
  const { send, trouble } = useOrders();
  const isOwn = useApps((state) => state.me?.id === id);
  const remove = async () => {
    if (await send('DELETE', `/api/users/${id}`, undefined, `${name} was deleted.`)) navigation.leave('/members');
  };
  return (
    <>
      <ul class="own-rows">
        <li class="own-row">
          <span class="own-label">
            <Person id={id} />
          </span>
          <span class="own-value">
            {email} <span class="soft">{confirmed ? 'confirmed' : 'not confirmed'}</span>
          </span>
          {!confirmed && (
            <button type="button" onClick={() => void send('POST', `/api/users/${id}/confirm`, undefined, `The address of ${name} is confirmed.`)}>
              Confirm
            </button>
          )}
        </li>
        {phone && (
          <li class="own-row">
            <span class="own-label">Phone</span>
            <span class="own-value">{phone}</span>
          </li>
        )}
        <li class="own-row">
          <label class="own-label" for="member-role">
            Role
          </label>
          <select
            id="member-role"
            class="own-value"
            value={role}
            disabled={isOwn}
            aria-describedby={isOwn ? 'member-role-own' : undefined}
            onChange={(event) => {
              const chosen = event.currentTarget.value;
              event.currentTarget.value = role;
              void send('PUT', `/api/users/${id}/role`, { role: chosen }, `${name} is now ${chosen}.`);
            }}
          >
            {ROLES.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
          {isOwn && (
            <span id="member-role-own" class="soft">
              Another admin changes yours.
            </span>
          )}
        </li>
      </ul>
      <MemberSessions id={id} name={name} send={send} />
      <div role="alert">{trouble && <p class="wrong">{trouble}</p>}</div>
      <div class="form-end">
        <DataDownload id={id} label="Download data" />
        <SecondFactorAway id={id} name={name} send={send} />
        <AskedTwice
          label="Delete…"
          question={`Delete ${name}? Their sessions end, and the address is free again.`}
          does="Delete for good"
          onSure={() => void remove()}
        />
        <EraseButton
          id={id}
          label="Erase…"
          question={`Erase ${name}, and all that they wrote and uploaded here? Nobody can bring it back.`}
          onOrdered={() => navigation.leave('/members')}
        />
      </div>
    </>
  );
}

interface OfMemberProps {
  id: string;
  name: string;
  send: ReturnType<typeof useOrders>['send'];
}

/** The button that takes the member's second factor away, where there is one. */
function SecondFactorAway({ id, name, send }: OfMemberProps) {
  const path = `/api/users/${id}/second-factor`;
  const { body } = useAnswer<{ on: boolean }>(path);
  if (!body?.on) return null;
  return (
    <AskedTwice
      label="Take second factor away…"
      question={`Take the second factor of ${name} away? The password alone lets them in then.`}
      does="Take it away"
      onSure={() => void send('DELETE', path, undefined, `${name} has no second factor any more.`)}
    />
  );
}

/** The member's sessions; what an admin's own are is seen on My page. */
function MemberSessions({ id, name, send }: OfMemberProps) {
  const { body } = useAnswer<PageOf<SessionLine>>(`/api/users/${id}/sessions`);
  const sessions = body?.items ?? [];
  if (sessions.length === 0) return null;
  const path = `/api/users/${id}/sessions`;
  return (
    <section class="own-part" aria-label={`Sessions of ${name}`}>
      <h3>Sessions</h3>
      <SessionList
        sessions={sessions}
        onEnd={async (one) => void (await send('DELETE', `${path}/${one}`, undefined, `A session of ${name} has ended.`))}
      />
      <button type="button" class="danger" onClick={() => void send('DELETE', path, undefined, `The sessions of ${name} have ended.`)}>
        End all
      </button>
    </section>
  );
}
