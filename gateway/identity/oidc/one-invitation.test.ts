/** One invitation, by whose code two come at the same time: one sets a password, the other one signs in at the issuer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { as, type Installation, openInstallation, type Reply } from '../identity.fixture.ts';
import { fragmentOf, openBrowser } from './browser.fixture.ts';
import { startIssuer, type TestIssuer } from './issuer.fixture.ts';

const PASSWORD = 'correct horse battery';
let issuer: TestIssuer;
let here: Installation;
let admin: Record<string, string>;
let rounds = 0;
beforeAll(async () => {
  issuer = await startIssuer();
  const plenty = { registration: 10_000, 'sign-in-ip': 10_000, 'code-tries': 10_000 };
  here = await openInstallation({ oidc: issuer.settings(), registrations: 'closed', limits: plenty });
  issuer.serve(`${here.url}/api/oidc/callback`);
  await here.identity.ensureAdmin('admin@example.org', PASSWORD);
  admin = as((await here.call('POST /api/login', { email: 'admin@example.org', password: PASSWORD })).body.accessToken);
});
afterAll(() => Promise.all([here.close(), issuer.close()]));

/** Invites somebody, and has both ready: with the code of the mail, and signed in at the issuer. `verified`: who signs in has the address that was invited. */
async function invite(verified: boolean) {
  const [n, email] = [++rounds, `invited${rounds}@example.org`];
  const made = await here.call('POST /api/invitations', { email, role: 'maintenance' }, admin);
  const code = await here.identity.issueCode(made.body.id, 'invitation');
  issuer.accounts.set(`at${n}`, { email: verified ? email : `at${n}@elsewhere.example`, email_verified: verified, name: 'Ida' });
  const browser = openBrowser(here.url);
  const signIn = fragmentOf(await browser.signIn(`at${n}`));
  const from = { 'x-forwarded-for': `10.2.${n >> 8}.${n & 255}` };
  return {
    email,
    from,
    account: `at${n}`,
    ways: {
      password: () => here.call('POST /api/invitations/accept', { code, name: 'Paul', password: PASSWORD }, from),
      'sign-in': () => browser.exchange(signIn, verified ? {} : { invitation: code }),
    },
  };
}
type Invited = Awaited<ReturnType<typeof invite>>;
type Way = keyof Invited['ways'];

/** Stops the first call of the secrets or of the command handler that is the n-th from now on, until it is let go. */
function stopAt(n: number) {
  const [reached, letGo] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let calls = 0;
  const stopping = (on: object, name: string) => {
    const spied = on as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const call = spied[name] ?? expect.fail(name);
    const stopped = async (...args: unknown[]) => {
      if (++calls === n) {
        reached.resolve();
        await letGo.promise;
      }
      return call(...args);
    };
    spied[name] = stopped;
    return () => {
      spied[name] = call;
    };
  };
  const undo = [
    ...['get', 'put', 'list', 'delete'].map((name) => stopping(here.secrets, name)),
    ...['load', 'handle'].map((name) => stopping(here.commands, name)),
  ];
  const restore = () => {
    for (const one of undo) one();
  };
  return { reached: reached.promise, letGo: letGo.resolve, restore };
}

/** Has the second way go to its end while the first one stands at its n-th step; false where it has no such step. */
async function raceAt(n: number, first: () => Promise<Reply>, second: () => Promise<Reply>): Promise<{ stood: boolean; replies: [Reply, Reply] }> {
  const stop = stopAt(n);
  try {
    const going = first();
    const stood = await Promise.race([stop.reached.then(() => true), going.then(() => false)]);
    const other = await second();
    stop.letGo();
    return { stood, replies: [await going, other] };
  } finally {
    stop.restore();
  }
}

/** Which way in leads to the account that has the address that was invited. */
async function waysInto({ email, account, from }: Invited): Promise<Way[]> {
  const made = (await here.events()).filter(({ type, data }) => type === 'UserCreated' && (data as { email: string }).email === email);
  expect(made).toHaveLength(1);
  const id = made[0]?.stream.slice('user-'.length);
  const byPassword = await here.call('POST /api/login', { email, password: PASSWORD }, from);
  const bySignIn = await openBrowser(here.url).comeIn(account);
  return [...(byPassword.body.user?.id === id ? ['password' as const] : []), ...(bySignIn.body.user?.id === id ? ['sign-in' as const] : [])];
}

describe('one invitation, a password and a sign-in that come by it at once', () => {
  it.each([
    ['password', 'sign-in', false],
    ['sign-in', 'password', false],
    ['password', 'sign-in', true],
    ['sign-in', 'password', true],
  ] as const)(
    'make one account with one way in: %s is overtaken by %s at each of its steps (address verified: %s)',
    { timeout: 300_000 },
    async (first, second, verified) => {
      let steps = 0;
      for (let stood = true; stood; steps += 1) {
        const invited = await invite(verified);
        const race = await raceAt(steps + 1, invited.ways[first], invited.ways[second]);
        stood = race.stood;
        // A password that is asked for lets nobody in.
        const ways = [first, second].filter((_, n) => race.replies[n]?.status === 201 || race.replies[n]?.body.accessToken);
        const said = `step ${steps + 1}: ${race.replies.map(({ status, body }) => `${status} ${body.detail ?? ''}`).join(', ')}`;
        expect(ways, said).toHaveLength(1);
        expect(await waysInto(invited), said).toEqual(ways);
        expect(
          race.replies.map(({ status }) => status).every((status) => status < 500),
          said,
        ).toBe(true);
      }
      expect(steps).toBeGreaterThan(5);
    },
  );
});
