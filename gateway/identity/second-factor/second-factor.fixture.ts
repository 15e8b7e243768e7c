/** An authenticator app, and users who have one, at an installation. */
import { Secret, TOTP } from 'otpauth';
import { stableId } from '../../../platform/stable-id.ts';
import { as, type Installation } from '../identity.fixture.ts';
import { SYSTEM_ITSELF } from '../record-of-account.ts';

export const PASSWORD = 'correct horse battery';
let n = 0;

/** The code that an app shows for a secret; `steps` later than now. */
export function codeOfApp(secret: string, now: Date, steps = 0): string {
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: now.getTime() + steps * 30_000 });
}

/** A user who has registered; with `second` a second factor is on, and its app shows a code that was not used yet. */
export async function openUser(here: Installation, { second = true } = {}) {
  const email = `user${++n}@example.org`;
  const ip = `10.2.${Math.floor(n / 250)}.${n % 250}`;
  const from = { 'x-forwarded-for': ip };
  const id: string = (await here.call('POST /api/users', { name: 'Ann', email, password: PASSWORD }, from)).body.id;
  const app = { secret: '', recovery: [] as string[] };
  const code = (steps = 0) => codeOfApp(app.secret, here.identityOptions.now?.() ?? new Date(), steps);
  const password = (given = PASSWORD, headers: Record<string, string> = from) => here.call('POST /api/login', { email, password: given }, headers);
  const first: string = (await password()).body.accessToken;

  async function turnOn(token = first) {
    app.secret = (await here.call('POST /api/me/second-factor', undefined, as(token))).body.secret;
    const { body } = await here.call('POST /api/me/second-factor/confirm', { code: code() }, as(token));
    app.recovery = body.recoveryCodes;
    here.advance(60_000);
  }

  async function confirm() {
    const command = { type: 'ConfirmUser', stream: `user-${id}`, id, data: null, commandId: stableId('confirms', id), now: new Date().toISOString() };
    await here.commands.handle({ ...command, actor: SYSTEM_ITSELF }, { correlationId: id });
  }

  if (second) await turnOn();
  return {
    id,
    email,
    from,
    app,
    code,
    password,
    turnOn,
    /** Has the address confirmed, without a link. */
    confirm,
    /** The access token of the session in which the account was made. */
    first,
    ticket: async (): Promise<string> => (await password()).body.secondFactor.ticket,
    finish: (ticket: string, proof: object) => here.call('POST /api/login/second-factor', { ticket, ...proof }, from),
    types: async () => (await here.events(`user-${id}`)).map((one) => one.type),
    status: async (token = first) => (await here.call('GET /api/me/second-factor', undefined, as(token))).body,
  };
}

export type UserOfApp = Awaited<ReturnType<typeof openUser>>;
