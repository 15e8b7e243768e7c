/** The open invitations: each can be sent again, and taken back. */
import { useState } from 'preact/hooks';
import type { InvitationView } from '../../../contracts/invitation.ts';
import { firstPages, useAccountChanges, useLoaded } from '../accounts.ts';
import { useApp } from '../app.ts';
import { useOrders } from '../orders.ts';
import { fullTime, shortDay } from '../words.ts';

export function InvitationList() {
  const { api, navigation } = useApp();
  const [pages, setPages] = useState(1);
  useAccountChanges('invitations');
  const path = '/api/invitations?status=open&limit=50';
  const { body, trouble } = useLoaded(`${pages}`, (after) => firstPages<InvitationView>(api, path, { pages, after }));
  const orders = useOrders();
  return (
    <section class="own-part" aria-labelledby="invitations" aria-busy={body === null}>
      <h2 id="invitations">Invitations</h2>
      <button type="button" onClick={() => navigation.go(`/members/invite${location.search}`)}>
        Invite somebody
      </button>
      <div role="alert">{(trouble || orders.trouble) && <p class="wrong">{trouble || orders.trouble}</p>}</div>
      <ul class="own-rows">
        {body?.items.map((one) => (
          <Invitation key={one.id} invitation={one} send={orders.send} />
        ))}
      </ul>
      {body?.next && (
        <button type="button" onClick={() => setPages(pages + 1)}>
          Show more invitations
        </button>
      )}
    </section>
  );
}

function Invitation({ invitation: { id, email, role, until }, send }: { invitation: InvitationView; send: ReturnType<typeof useOrders>['send'] }) {
  return (
    <li class="own-row" data-invitation={email}>
      <span class="own-value">
        {email}{' '}
        <span class="soft">
          {role}, until{' '}
          <time dateTime={until} title={fullTime(until)}>
            {shortDay(until)}
          </time>
        </span>
      </span>
      <button
        type="button"
        aria-label={`Send again to ${email}`}
        onClick={() => void send('POST', `/api/invitations/${id}/send-again`, undefined, `It is on its way to ${email} again.`)}
      >
        Send again
      </button>
      <button
        type="button"
        class="danger"
        aria-label={`Take back the invitation of ${email}`}
        onClick={() => void send('DELETE', `/api/invitations/${id}`, undefined, `The invitation of ${email} is taken back.`)}
      >
        Take back
      </button>
    </li>
  );
}
