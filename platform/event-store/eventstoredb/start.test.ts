/** Opening the store: some servers are waited for, others are refused, in one line that says what to do. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { NO_STREAM } from '../../../contracts/message.ts';
import { ServerRefused } from '../../connections/reach.ts';
import { type Rig, startRig } from '../double/rig.fixture.ts';
import { all, events } from '../event-store.suite.ts';
import { openEventStore } from '../open.ts';
import { openEventStoreDb } from './eventstoredb.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const USER = { username: 'admin', password: 'ge:heim@100%' };
const said: string[] = [];
const log = { error: () => {}, info: (_: object, message: string) => said.push(message), warn: (_: object, message: string) => said.push(message) };

async function rigged(options: Parameters<typeof startRig>[0] = {}): Promise<Rig> {
  const rig = await startRig(options);
  ends.push(rig.end);
  return rig;
}

/** Has a server listen that is no event store; answers its port. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as { port: number }).port;
}

async function refusalOf(url: string): Promise<string> {
  const error: unknown = await openEventStoreDb(url, { log, signal: AbortSignal.timeout(20_000) }).catch((error) => error);
  expect(error).toBeInstanceOf(ServerRefused);
  const { message } = error as Error;
  expect(message).not.toMatch(/geheim|secret|\n/);
  return message;
}

it('waits for a server that is not there yet, says what it waits for, and opens when it is there', async () => {
  const rig = await rigged();
  await rig.proxy.refuse();
  const waits = new Set<string>();
  const opening = openEventStoreDb(`esdb://127.0.0.1:${rig.proxy.port}?tls=false`, { log, waits });
  await vi.waitFor(() => expect([...waits]).toEqual([`the event store at esdb://127.0.0.1:${rig.proxy.port}`]));
  expect(said.at(-1)).toMatch(/^waiting for the event store at esdb:\/\/127.*: connect ECONNREFUSED/);
  await rig.proxy.listen();
  const store = await opening;
  expect(waits.size).toBe(0);
  expect(await store.head()).toBe('');
  await store.close();
});

it('waits for a server that takes connections and says nothing', async () => {
  const rig = await rigged();
  rig.proxy.swallow('both ways');
  const waits = new Set<string>();
  const opening = openEventStoreDb(`esdb://127.0.0.1:${rig.proxy.port}?tls=false`, { log, waits, patience: 200 });
  await vi.waitFor(() => expect(waits.size).toBe(1));
  rig.proxy.pass();
  rig.proxy.cut();
  await (await opening).close();
});

it('gives up waiting when its signal aborts', async () => {
  const ending = new AbortController();
  const opening = openEventStoreDb('esdb://127.0.0.1:1?tls=false', { log, signal: ending.signal });
  ending.abort();
  await expect(opening).rejects.toBeDefined();
});

it.each([
  'esdb://HOST?tls=false',
  'esdb+discover://HOST?tls=false',
  'esdb://HOST,127.0.0.1:1?tls=false',
  'kurrentdb://HOST?tls=false',
  'kurrentdb+discover://HOST/?tls=false',
])('opens %s', async (url) => {
  const rig = await rigged();
  const store = await openEventStore(url.replace('HOST', `127.0.0.1:${rig.double.port}`), { dataDir: '', log });
  await store.append(`task-${randomUUID()}`, NO_STREAM, events(1));
  expect(await all(store.readAll())).toHaveLength(1);
  await store.close();
});

it('gives the user and password in the URL, and appends with them', async () => {
  const { double } = await rigged({ credentials: USER });
  const store = await openEventStoreDb(double.url, { log });
  await store.append(`task-${randomUUID()}`, NO_STREAM, events(1));
  expect(await all(store.readAll())).toHaveLength(1);
  await store.close();
});

it('refuses a wrong password, and nobody', async () => {
  const { double } = await rigged({ credentials: USER });
  expect(await refusalOf(double.url.replace(/:ge[^@]*@/, ':secret@'))).toMatch(/refuses the user and password in EVENT_STORE_URL/);
  expect(await refusalOf(double.url.replace(/admin[^@]*@/, ''))).toMatch(/refuses the user and password in EVENT_STORE_URL/);
});

it('refuses a certificate that nobody here trusts', async () => {
  const { double } = await rigged({ credentials: USER });
  expect(await refusalOf(double.url.replace(/&tlsCAFile.*/, ''))).toMatch(/tlsCAFile/);
  expect(await refusalOf(double.url.replace(/tlsCAFile=.*/, 'tlsCAFile=/no/such/file'))).toMatch(/certificate/);
});

it('refuses TLS with a server that speaks none', async () => {
  const { double } = await rigged();
  expect(await refusalOf(`esdb://localhost:${double.port}`)).toMatch(/tls=false/);
});

it.each(['5.0.11.0', '21.10.9.0', '23.6.0.0'])('refuses version %s as too old', async (version) => {
  const { double } = await rigged({ version });
  expect(await refusalOf(double.url)).toMatch(`is version ${version}: this needs EventStoreDB 23.10 or newer`);
});

it.each(['23.10.0.0', '24.10.1.2100', '25.0.0.1673'])('takes version %s', async (version) => {
  const { double } = await rigged({ version });
  await (await openEventStoreDb(double.url, { log })).close();
});

it('refuses what is not EventStoreDB', async () => {
  const web = await listening(createServer((_, response) => response.end('hello')));
  expect(await refusalOf(`esdb://127.0.0.1:${web}?tls=false`)).toMatch(/is not EventStoreDB/);
  const other = await listening(
    createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.end('-ERR unknown command\r\n', () => socket.destroy());
    }),
  );
  expect(await refusalOf(`esdb://127.0.0.1:${other}?tls=false`)).toMatch(/is not EventStoreDB/);
});

it.each([
  ['esdb://', /looks like/],
  ['esdb://admin:secret@', /looks like/],
  ['esdb://admin:se@secret@host', /percent-encoded/],
  ['esdb://admin:secret@host:port', /looks like/],
  ['esdb:host', /looks like/],
  ['esdb://admin:secret@host?tsl=false', /tsl is no option.*tls/],
  ['esdb://admin:secret@host?tls', /tls has no value/],
  ['esdb://admin:secret@host?tls=maybe', /cannot be used/],
  ['esdb://admin:secret@host?nodePreference=follower', /must be leader/],
  ['esdb://admin:secret@host?tlsVerifyCert=false', /tlsCAFile/],
  ['esdb://admin:secret@host?throwOnAppendFailure=false', /leave it out/],
])('refuses the URL %s', async (url, problem) => {
  const warned = vi.spyOn(console, 'warn');
  expect(await refusalOf(url)).toMatch(problem);
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});
