/** Somebody who works, is mailed, has pictures, and is erased: on one process or on parts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type ErasureCertificate, erasureCertificate } from '../contracts/erasure.ts';
import { type Call, logIn, type Reply, type User } from './client.fixture.ts';
import { type FormPart, uploadPatiently } from './form.fixture.ts';
import { mailsTo } from './mails.fixture.ts';
import { png } from './pictures.fixture.ts';
import { runProgram } from './program.fixture.ts';
import type { System } from './system.fixture.ts';

/** How long what an erasure does is waited for. */
export const ERASURE_PATIENCE = { timeout: 300_000, interval: 250 };

/** The texts of somebody who works here: no other text has them. */
export interface Worker {
  user: User;
  texts: string[];
  /** A task of their own, and one that was given to them. */
  tasks: [own: string, theirs: string];
  order: string;
}

type Here = Pick<System, 'url' | 'admin' | 'call'>;

/** Registers somebody, and logs in, also on a machine that has other work: each is asked for again where it could not be done just then. */
export async function patientUser({ url, call }: Pick<Here, 'url' | 'call'>, name: string): Promise<User> {
  const account = { name, email: `${name.toLowerCase()}.${crypto.randomUUID()}@example.org`, password: `a long phrase ${crypto.randomUUID()}` };
  await patientCall({ call })('POST /api/users', account);
  return patientLogIn(url, account);
}

/** Logs somebody in, also on such a machine. */
export async function patientLogIn(...[url, { name, email, password }]: Parameters<typeof logIn>): Promise<User> {
  for (let tries = 1; ; tries++) {
    try {
      return await logIn(url, { name, email, password });
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}

/** Somebody who has worked with another user, was mailed and had an SMS, has placed an order, and has a file and a picture. */
export async function worked(system: Here, name: string, other: User): Promise<Worker> {
  const mark = `${name}${crypto.randomUUID().slice(0, 8)}`;
  const user = await patientUser(system, mark);
  const phone = `+49151${String(Math.random()).slice(2, 11).padEnd(9, '7')}`;
  // Long texts are looked for by their halves: each of these is theirs.
  const words = (what: string) => `${mark} ${what} ${mark}`;
  const said = { title: words('has a title'), description: words('describes'), comment: words('comments'), note: words('notes') };
  const file = { name: `${mark}-plan-${mark}.txt`, bytes: Buffer.from(words('has bytes')) };
  const [does, othersDo] = [patientCall(user), patientCall(other)];
  const { body: own } = await does('POST /api/tasks', { title: said.title, description: said.description, labels: [mark], userId: other.id });
  await does(`POST /api/tasks/${own.id}/comments`, { text: said.comment });
  const { body: theirs } = await othersDo('POST /api/tasks', { title: 'A door that sticks', userId: user.id });
  const items = [{ sku: 'lamp', quantity: 1, unitPrice: { amount: 1299, currency: 'EUR' } }];
  const { body: order } = await does('POST /api/orders', { email: user.email, items, note: said.note });
  await hasPhone(system, user, phone);
  const at = { url: system.url(), user };
  const forms: Record<string, FormPart>[] = [
    { task: own.id, file },
    { user: user.id, file: { name: 'me.png', bytes: png(40, 30) } },
  ];
  for (const parts of forms) {
    const { status, text } = await uploadPatiently(at, parts);
    expect(status, text).toBe(202);
  }
  // Of the task that was given to them, and the order, beside the confirmation of their address.
  await expect.poll(async () => (await mailsTo(system.admin, user.email)).length, ERASURE_PATIENCE).toBeGreaterThan(2);
  const texts = [mark, user.email, phone, ...Object.values(said), file.name, file.bytes.toString()];
  return { user, texts, tasks: [own.id, theirs.id], order: order.id };
}

/** Asks again where the connection broke, as one that was kept for longer than the other side did. */
async function unbroken<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}

/** Sends commands again, under the same key, while the answer is that it cannot be done just now, as from a machine that has other work. */
export function patientCall({ call }: Pick<User, 'call'>): Call {
  return async (what, body) => {
    const named = { 'idempotency-key': crypto.randomUUID() };
    const ask = () => unbroken(() => call(what, body, named));
    let reply = await ask();
    for (let tries = 1; reply.status === 503 && tries < 20; tries++) reply = await ask();
    expect(reply.status, `${what} answered ${reply.text}`).toBeLessThan(300);
    return reply;
  };
}

/** Gives somebody a phone number, as they do with the code that they are sent. */
async function hasPhone({ admin }: Here, user: User, phone: string): Promise<void> {
  await patientCall(user)('PUT /api/me/phone', { phone });
  const codes = async () => (await mailsTo(admin, phone)).flatMap(({ text }) => /\d{6}/.exec(text)?.[0] ?? []);
  await expect.poll(codes, ERASURE_PATIENCE).toHaveLength(1);
  await patientCall(user)('POST /api/me/phone/confirm', { code: (await codes())[0] });
}

/** Asks for an erasure: by default of oneself. */
export function erase(of: User): Promise<Reply>;
export function erase(of: Pick<User, 'id'>, by: User): Promise<Reply>;
export async function erase(of: Pick<User, 'id'>, by: User = of as User): Promise<Reply> {
  const ask = () => unbroken(() => by.call(`DELETE /api/users/${of.id}?erase=true`));
  let reply = await ask();
  for (let tries = 1; reply.status === 503 && tries < 20; tries++) reply = await ask();
  return reply;
}

/** Waits for the certificate of somebody's erasure. */
export async function certified({ admin }: Here, of: Pick<User, 'id'>): Promise<ErasureCertificate> {
  const asked = () => admin.call(`GET /api/users/${of.id}/erasure`);
  await expect.poll(async () => (await asked()).status, ERASURE_PATIENCE).toBe(200);
  return erasureCertificate.parse((await asked()).body);
}

/** What `verify-erasure` says of a certificate, as an operator of the stores in these variables runs it. */
export async function verified(env: Readonly<Record<string, string>>, certificate: unknown): Promise<{ code: number | null; stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const file = join(folder, 'certificate.json');
  writeFileSync(file, JSON.stringify(certificate));
  const program = runProgram(['verify-erasure', file], { ...env, PORT: '0' });
  const { code } = await program.ended;
  rmSync(folder, { recursive: true });
  return { code, stdout: `${program.stdout()}${program.stderr()}` };
}

/** The lines of a check that say that something is not as the certificate has it. */
export const wrongIn = ({ stdout }: { stdout: string }): string[] => stdout.split('\n').filter((line) => line.startsWith('NOT '));
