/** The sign-ins at other sites that let the user in: seen and taken away; nothing where there is none. */
import { changedAccounts, type PageOf, type SignInLine, useAnswer } from '../accounts.ts';
import { reason } from '../actions.ts';
import { useApp } from '../app.ts';
import { ago, fullTime } from '../words.ts';

export function OwnSignIns() {
  const app = useApp();
  const { body, trouble } = useAnswer<PageOf<SignInLine>>('/api/me/sign-ins');
  const signIns = body?.items ?? [];
  const remove = async ({ id, name }: SignInLine) => {
    try {
      await app.api.command('DELETE', `/api/me/sign-ins/${id}`);
      app.actions.say(`${name} does not let you in any more. All your other sessions have ended.`);
    } catch (error) {
      app.actions.note({ kind: 'trouble', text: `The sign-in stays. ${reason(error)}` });
    }
    changedAccounts(app);
  };
  if (signIns.length === 0 && !trouble) return null;
  return (
    <section class="own-part" aria-labelledby="own-sign-ins">
      <h2 id="own-sign-ins">Other sites that let you in</h2>
      {trouble && <p class="wrong">{trouble}</p>}
      <p class="soft">Another password does not change who may come in by these.</p>
      <ul class="own-rows">
        {signIns.map((one) => (
          <li key={one.id} class="own-row">
            <span class="own-label" title={one.issuer}>
              {one.name}
            </span>
            <span class="own-value">
              <time dateTime={one.since} title={fullTime(one.since)}>
                since {ago(one.since)}
              </time>
            </span>
            <button type="button" class="danger" aria-label={`Remove the sign-in at ${one.name}`} onClick={() => void remove(one)}>
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
