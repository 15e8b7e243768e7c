/** An installation in a process whose dependencies can be away, and the things that are made in it for one question each. */
import { randomUUID } from 'node:crypto';
import { expect, vi } from 'vitest';
import { codeOfApp } from '../gateway/identity/second-factor/second-factor.fixture.ts';
import { type Provider, startProvider } from '../notifier/texter/http/provider.fixture.ts';
import { caller, logIn, type User } from '../system/client.fixture.ts';
import { uploadPatiently } from '../system/form.fixture.ts';
import { mailsTo } from '../system/mails.fixture.ts';
import { UNLIMITED } from '../system/unlimited.fixture.ts';
import { type Dependency, type DependentProcess, openDependent } from './absence.fixture.ts';

export const ADMIN = { name: 'Administrator', email: 'admin@localhost.localdomain', password: 'the admin of the tests' };
const PASSWORD = 'a long phrase of theirs';
/** The number that the provider of SMS refuses. */
export const REFUSED_NUMBER = '+491511234567';
const PATIENCE = { timeout: 60_000, interval: 50 };

export interface Furnished {
  process: DependentProcess;
  /** What was asked of any part of the process since this was last cleared. */
  asked: Set<Dependency>;
  provider: Provider;
  admin: User;
  make: Makers;
  /** Somebody who was erased, with what proves it. */
  erased: { id: string; proof: string; certificate: unknown };
  stop(): Promise<void>;
}
export type Makers = ReturnType<typeof makers>;

/** Starts it, with an admin who is logged in. Nobody is limited. */
export async function furnish(): Promise<Furnished> {
  const provider = await startProvider(({ to }) => (to === REFUSED_NUMBER ? 400 : 'take'));
  const more = { SMS_URL: provider.url, SMS_FROM: '+4930123456', SECURITY_CONTACT: 'mailto:security@example.org' };
  const asked = new Set<Dependency>();
  /** While this is so nobody can see how an erasure stands, and who asked for it is given its proof. */
  let isErasureHidden = false;
  const process = await openDependent({ ADMIN_PASSWORD: ADMIN.password, ...UNLIMITED, ...more }, ({ dependency, args: [stream] }) => {
    asked.add(dependency);
    return isErasureHidden && String(stream).startsWith('_erasure-') ? 'before' : null;
  });
  const admin = await logIn(() => process.url, ADMIN);
  const make = makers(process, admin);
  const { body: gone } = await admin.ok('POST /api/users', { name: 'Gone', email: `${randomUUID()}@example.org`, password: PASSWORD });
  isErasureHidden = true;
  const { body: erasing } = await admin.call(`DELETE /api/users/${gone.id}?erase=true`);
  isErasureHidden = false;
  await vi.waitFor(async () => expect((await admin.call(`GET /api/users/${gone.id}/erasure`)).status).toBe(200), PATIENCE);
  const { body: certificate } = await admin.ok(`GET /api/users/${gone.id}/erasure`);
  return {
    ...{ process, asked, provider, admin, make },
    erased: { id: gone.id, proof: erasing.proof, certificate },
    stop: async () => {
      await process.stop();
      await provider.stop();
    },
  };
}

/** What is there at once, for a question about one thing; each is made when it is asked for, and what comes of it by itself has come. */
function makers({ url }: DependentProcess, admin: User) {
  const address = () => `${randomUUID()}@example.org`;
  const phone = () => `+49151${String(Math.random()).slice(2, 10).padEnd(8, '7')}`;

  async function user(): Promise<User> {
    const account = { name: 'Carol', email: address(), password: PASSWORD };
    const { body, headers } = await admin.ok('POST /api/users', account);
    await admin.ok(`POST /api/users/${body.id}/confirm`);
    await admin.ok('GET /api/users', undefined, { 'read-after': headers.get('position') ?? '' });
    return logIn(() => url, account);
  }

  /** The code of the link of a mail, whatever it is for. */
  async function codeTo(email: string, purpose: string): Promise<string> {
    const code = new RegExp(`#${purpose}=([\\w.-]+)`);
    const found = async () => (await mailsTo(admin, email)).flatMap(({ text }) => code.exec(text)?.slice(1) ?? []);
    await vi.waitFor(async () => expect(await found()).not.toEqual([]), PATIENCE);
    return (await found()).at(-1) ?? '';
  }

  /** Makes a thing by a command, and waits until queries have it. */
  async function made(what: string, body: object, at: (id: string) => string): Promise<string> {
    const { body: answer } = await admin.ok(what, body);
    await vi.waitFor(async () => expect((await admin.call(`GET ${at(answer.id)}`)).status).toBe(200), PATIENCE);
    return answer.id;
  }

  const task = () => made('POST /api/tasks', { title: 'Lamp' }, (id) => `/api/tasks/${id}`);

  async function order(): Promise<string> {
    const items = [{ sku: 'lamp', quantity: 1, unitPrice: { amount: 1299, currency: 'EUR' } }];
    const id = await made('POST /api/orders', { email: address(), items }, (one) => `/api/orders/${one}`);
    await vi.waitFor(async () => expect((await admin.ok(`GET /api/orders/${id}`)).body.status).toBe('confirmed'), PATIENCE);
    return id;
  }

  /** A message that is in this state; one that waits is to be sent in an hour. */
  async function message(status: 'scheduled' | 'sent' | 'failed', phone?: string): Promise<string> {
    const [type, recipient] = phone ? ['sms', phone] : ['email', address()];
    const later = status === 'scheduled' ? { sendAt: new Date(Date.now() + 3_600_000).toISOString() } : {};
    const wanted = { type, recipient, content: 'It is here.', ...later };
    const id = await made('POST /api/notifications/send', wanted, (one) => `/api/notifications/${one}`);
    await vi.waitFor(async () => expect((await admin.ok(`GET /api/notifications/${id}`)).body.status).toBe(status), PATIENCE);
    return id;
  }

  /** A line of the admin’s inbox. */
  async function line(): Promise<string> {
    const [by, id] = [await user(), await task()];
    const { headers } = await by.ok(`POST /api/tasks/${id}/comments`, { text: 'Which one?' });
    const lines = async () => (await admin.ok('GET /api/inbox?limit=100', undefined, { 'read-after': headers.get('position') ?? '' })).body.items;
    const own = async () => (await lines()).find(({ link }: { link: string }) => link.includes(id))?.id;
    await vi.waitFor(async () => expect(await own()).toBeDefined(), PATIENCE);
    return own();
  }

  /** A file of a task, or of a comment on one, that can be fetched, with its address. */
  async function file(on: 'task' | 'comment' = 'task'): Promise<{ id: string; path: string }> {
    const id = await task();
    const { body: said } = await admin.ok(`POST /api/tasks/${id}/comments`, { text: 'See the plan' });
    const { body: read } = await admin.ok(`GET /api/tasks/${id}`, undefined, { 'read-after': said.position });
    const of: Record<string, string> = on === 'task' ? { task: id } : { comment: read.comments.at(-1).id };
    const { body } = await uploadPatiently({ url, user: admin }, { ...of, file: { name: 'plan.txt', bytes: Buffer.from('The plan of the hall.') } });
    await vi.waitFor(async () => expect((await admin.call(`GET /api/media/${body.id}`)).body?.status).toBeOneOf(['ready', 'attached']), PATIENCE);
    const { pathname, search } = new URL((await admin.ok(`GET /api/media/${body.id}/url`)).body.url, url);
    return { id: body.id, path: `${pathname}${search}` };
  }

  async function invitation(): Promise<{ id: string; email: string }> {
    const email = address();
    return { email, id: await made('POST /api/invitations', { email, role: 'member' }, (id) => `/api/invitations/${id}`) };
  }

  /** A site; with `units`, a unit in which the admin lives, and an empty place. */
  async function site({ units = true } = {}): Promise<{ id: string; unit: string; place: string; residency: string }> {
    const id = await made(
      'POST /api/sites',
      { name: 'Linden Court', address: 'Lindenstraße 12', timeZone: 'Europe/Berlin' },
      (one) => `/api/sites/${one}`,
    );
    if (!units) return { id, unit: '', place: '', residency: '' };
    const { place: unit } = (await admin.ok(`POST /api/sites/${id}/places`, { kind: 'unit', name: 'Flat 3' })).body;
    const { residency } = (await admin.ok(`POST /api/sites/${id}/residents`, { unit, userId: admin.id })).body;
    const { body, headers } = await admin.ok(`POST /api/sites/${id}/places`, { kind: 'place', name: 'Hall' });
    await admin.ok(`GET /api/sites/${id}/places`, undefined, { 'read-after': headers.get('position') ?? '' });
    return { id, unit, place: body.place, residency };
  }

  /** An asset at a site of its own. */
  async function asset(): Promise<string> {
    const { id: at } = await site({ units: false });
    await admin.ok(`PUT /api/sites/${at}/asset-kinds`, { kinds: [{ kind: 'Lift', fields: [] }] });
    return made('POST /api/assets', { site: at, kind: 'Lift', name: 'Lift' }, (id) => `/api/assets/${id}`);
  }

  /** Somebody who repairs at a site. */
  async function worker(at: string): Promise<{ id: string; site: string }> {
    const { id } = await user();
    await admin.ok(`PUT /api/users/${id}/posts`, { posts: [{ role: 'maintenance', sites: [at] }] });
    return { id, site: at };
  }

  /** A repair request at a site of its own, with who repairs there. */
  async function repair(state: 'filed' | 'assigned' | 'done' = 'filed') {
    const its = await worker((await site({ units: false })).id);
    const id = await made('POST /api/repairs', { site: its.site, title: 'The lift stops' }, (one) => `/api/repairs/${one}`);
    if (state !== 'filed') await admin.ok(`PUT /api/repairs/${id}/assignee`, { userId: its.id });
    if (state === 'done') await admin.ok(`PUT /api/repairs/${id}/state`, { state });
    return { id, worker: its };
  }

  /** A user who has an app for codes; the secret is that of the app. `on`: false where only the set-up has begun. */
  async function withApp({ on = true } = {}): Promise<{ user: User; secret: string }> {
    const one = await user();
    const { secret } = (await one.ok('POST /api/me/second-factor')).body;
    if (on) await one.ok('POST /api/me/second-factor/confirm', { code: codeOfApp(secret, new Date()) });
    return { user: one, secret };
  }

  /** A user who gave a phone number, with the code that was sent there; `confirmed`: they have typed it. */
  async function withPhone(provider: Provider, { confirmed = true } = {}): Promise<{ user: User; code: string }> {
    const one = await user();
    const own = phone();
    await one.ok('PUT /api/me/phone', { phone: own });
    const codes = () => provider.taken.filter(({ to }) => to === own).flatMap(({ body }) => /\d{6}/.exec(body) ?? []);
    await vi.waitFor(() => expect(codes()).toHaveLength(1), PATIENCE);
    const [code = ''] = codes();
    if (confirmed) await one.ok('POST /api/me/phone/confirm', { code });
    return { user: one, code };
  }

  /** Another session of a user, by its id. */
  async function sessionOf(one: User): Promise<string> {
    await caller(() => url)('POST /api/login', { email: one.email, password: PASSWORD });
    const { items } = (await one.ok('GET /api/sessions')).body;
    return items.find(({ current }: { current: boolean }) => !current).id;
  }

  const apiKey = async (): Promise<{ id: string; key: string }> => (await admin.ok('POST /api/admin/api-keys', { name: 'shop' })).body;

  return {
    ...{
      user,
      address,
      phone,
      codeTo,
      task,
      order,
      message,
      line,
      file,
      invitation,
      site,
      asset,
      worker,
      repair,
      withApp,
      withPhone,
      sessionOf,
      apiKey,
    },
    password: PASSWORD,
  };
}
