import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FateUnknown, NotNow, ReceiverAway, Refused } from '../../sending.ts';
import type { Text } from '../texter.ts';
import { openHttpTexter } from './http.ts';
import { type Provider, type ProviderAnswer, startProvider } from './provider.fixture.ts';

const TEXT: Text = { to: '+4915112345678', text: 'Grüße & 100 % + 🙂', id: '7d9f2b2e', statusCallback: 'https://tasks.example.org/report?a=b' };
const signal = new AbortController().signal;
let provider: Provider;
let answer: ProviderAnswer;

beforeEach(async () => {
  answer = 'take';
  provider = await startProvider(() => answer);
});
afterEach(() => provider.stop());

const texter = (url = provider.url, timeout = 2_000) => openHttpTexter({ url, from: 'taskledger', timeout });
/** What sending fails with. */
function failure(url?: string, timeout?: number): Promise<Error> {
  return texter(url, timeout)
    .send(TEXT, signal)
    .then(
      () => new Error('it was sent'),
      (error: Error) => error,
    );
}
const passing = (error: Error) => !(error instanceof Refused || error instanceof FateUnknown) && error.message !== 'it was sent';

/** A server that is none: what it does with each connection is up to the test. */
async function rawServer(connected: (socket: Socket) => void): Promise<{ url: string; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    connected(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://account:token@127.0.0.1:${port}/Messages.json`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

describe('an SMS by a provider', () => {
  it('arrives as it was written, with account and token, and answers what the provider calls it', async () => {
    const { providerId } = await texter().send(TEXT, signal);
    const [got] = provider.given;
    expect(got).toMatchObject({ to: TEXT.to, from: 'taskledger', body: TEXT.text, statusCallback: TEXT.statusCallback, sid: providerId });
    expect(Buffer.from(got?.authorization.replace('Basic ', '') ?? '', 'base64').toString()).toBe(`AC0123456789abcdef:${provider.token}`);
  });
  it('leaves the number to a messaging service where that is the sender', async () => {
    const service = `MG${'0123456789abcdef'.repeat(2)}`;
    await openHttpTexter({ url: provider.url, from: service }).send(TEXT, signal);
    expect(provider.given[0]).toMatchObject({ to: TEXT.to, from: '', service, body: TEXT.text });
    await texter().send(TEXT, signal);
    expect(provider.given[1]).toMatchObject({ from: 'taskledger', service: '' });
  });
  it('asks for no reports where nobody could be reached with them', async () => {
    await texter().send({ ...TEXT, statusCallback: null }, signal);
    expect(provider.given[0]?.statusCallback).toBeUndefined();
  });
  it.each([400, 422, 410])('answered %i is refused for good', async (status) => {
    answer = status;
    const error = await failure();
    expect(error).toBeInstanceOf(Refused);
    expect(error.message).toBe(`the provider answered ${status} ${20_000 + status}`);
  });
  it.each([500, 503, 429, 302])('answered %i may be sent again', async (status) => {
    answer = status;
    expect(await failure()).toSatisfy(passing);
  });
  it.each([401, 403, 404])('answered %i waits: no SMS is given up for what the operator has to mend', async (status) => {
    answer = status;
    expect(await failure()).toSatisfy(passing);
  });
  it('says when to come again, where the provider does: in seconds, at a date, never later than in a day', async () => {
    const after = async (retryAfter: string) => {
      answer = { status: 429, retryAfter };
      const error = await failure();
      expect(error).toBeInstanceOf(NotNow);
      return (error as NotNow).after;
    };
    expect([await after('7'), await after('99999999999'), await after('soon')]).toEqual([7_000, 86_400_000, 0]);
    const date = await after(new Date(Date.now() + 60_000).toUTCString());
    expect(date).toBeGreaterThan(50_000);
    expect(date).toBeLessThanOrEqual(60_000);
    expect(await after(new Date(0).toUTCString())).toBe(0);
  });
  it('may be sent again where nobody listens, or there is no such host', async () => {
    await provider.stop();
    expect(await failure()).toBeInstanceOf(ReceiverAway);
    expect(await failure('https://account:token@no-such-host.invalid/Messages.json')).toBeInstanceOf(ReceiverAway);
  });
  it('may be sent again where a connection is not made: the other side does not speak TLS, and nothing was written', async () => {
    const silent = await rawServer(() => {});
    expect(await failure(silent.url.replace('http:', 'https:'), 200)).toSatisfy(passing);
    silent.close();
    const rude = await rawServer((socket) => socket.destroy());
    expect(await failure(rude.url.replace('http:', 'https:'))).toSatisfy(passing);
    rude.close();
  });
  it('invariant 11: is unknown where the connection went, or the provider fell silent, after the request; and is sent once by one call', async () => {
    answer = 'drop';
    expect(await failure()).toBeInstanceOf(FateUnknown);
    answer = 'hang';
    expect(await failure(provider.url, 200)).toBeInstanceOf(FateUnknown);
    expect(provider.given).toHaveLength(2);
  });
  it('invariant 11: is unknown where what comes back is no HTTP', async () => {
    const strange = await rawServer((socket) => socket.on('data', () => socket.end('250 OK\r\n')));
    expect(await failure(strange.url)).toBeInstanceOf(FateUnknown);
    strange.close();
  });
  it('is sent where the provider said so, whether the rest of its answer arrives or not', async () => {
    const cut = await rawServer((socket) => socket.on('data', () => socket.end('HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"sid":')));
    expect(await texter(cut.url).send(TEXT, signal)).toEqual({});
    cut.close();
    const slow = await rawServer((socket) => socket.on('data', () => socket.write('HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"sid":')));
    expect(await texter(slow.url, 200).send(TEXT, signal)).toEqual({});
    slow.close();
  });
  it('is given up when the signal aborts', async () => {
    answer = 'hang';
    const giveUp = new AbortController();
    const sending = texter(provider.url, 60_000).send(TEXT, giveUp.signal);
    await expect.poll(() => provider.given.length).toBe(1);
    giveUp.abort();
    await expect(sending).rejects.toBeInstanceOf(FateUnknown);
    await expect(texter().send(TEXT, giveUp.signal)).rejects.toSatisfy(passing);
  });
});
