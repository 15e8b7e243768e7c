import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Long } from 'mongodb';
import { afterEach, describe, expect, test } from 'vitest';
import { ServerRefused } from '../../connections/reach.ts';
import { at, document, MODEL } from '../model.fixture.ts';
import { openReadModels } from '../open.ts';
import { type Answering, answering } from './answering.fixture.ts';

const said: string[] = [];
const say = (_: object, message: string) => said.push(message);
const open = (url: string, more: { signal?: AbortSignal; waits?: Set<string> } = {}) =>
  openReadModels(url, { dataDir: '/nowhere', log: { info: say, warn: say }, ...more });

const closing: (() => unknown)[] = [];
afterEach(async () => {
  said.length = 0;
  for (const close of closing.splice(0)) await close();
});

/** Starts a stand-in for a MongoDB of this version. */
async function mongoDb(version: number[], wire: number, more: (port: number) => object = () => ({})): Promise<Answering> {
  const server = await answering((port) => ({
    isWritablePrimary: true,
    ismaster: true,
    helloOk: true,
    minWireVersion: 0,
    maxWireVersion: wire,
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    version: version.join('.'),
    versionArray: version,
    cursor: { id: Long.ZERO, ns: 'x.y', firstBatch: [] },
    n: 1,
    ...more(port),
  }));
  closing.push(server.close);
  return server;
}

/** Starts a server that answers the first bytes of a client with this text, and then no more; answers its URL. */
async function somethingElse(says: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(says));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return `mongodb://someone:secret@127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function refusal(url: string): Promise<string> {
  const error = await open(url).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ServerRefused);
  const { message } = error as Error;
  expect(message).not.toMatch(/secret|\n/);
  return message;
}

describe('a server that cannot be used is refused in one line, without the password', () => {
  test('a URL that is none', async () => {
    expect(await refusal('mongodb://someone:secret@@one/two')).toContain('READ_MODELS_URL is not a connection string of MongoDB');
    expect(await refusal('mongodb://someone:secret@one:port/two')).toContain('READ_MODELS_URL');
  });

  test.each([
    ['a web server', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ['RabbitMQ', 'AMQP\0\0\u0009\u0001'],
    ['Redis', "-ERR unknown command '4'\r\n"],
  ])('%s', async (_, says) => {
    expect(await refusal(await somethingElse(says))).toMatch(/^the read models at mongodb:\/\/127\.0\.0\.1:\d+ is no MongoDB/);
  });

  test.each([
    ['3.6', [3, 6, 23, 0], 6],
    ['4.2', [4, 2, 24, 0], 8],
  ])('MongoDB %s', async (_, version, wire) => {
    expect(await refusal((await mongoDb(version, wire)).url)).toMatch(/is too old.*4\.4 or later is needed/);
  });
});

test('a server that is not there is waited for, until nobody wants it any more', async () => {
  const [waits, ending] = [new Set<string>(), new AbortController()];
  const waiting = open('mongodb://someone:secret@127.0.0.1:1/x', { waits, signal: ending.signal });
  closing.push(() => ending.abort());
  await expect.poll(() => [...waits]).toEqual(['the read models at mongodb://127.0.0.1:1']);
  ending.abort();
  await expect(waiting).rejects.toThrow('aborted');
  expect(said).toEqual([expect.stringMatching(/^waiting for the read models at mongodb:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/)]);
});

describe('what is written', () => {
  /** The commands that the server gets for one write. */
  async function commandsOf(server: Answering): Promise<Answering['commands']> {
    const store = await open(server.url);
    await store.write(MODEL, 1, [document('a', 1)], { position: at(1), eventId: 'e1' });
    await store.close();
    return server.commands.filter((command) => 'insert' in command || 'update' in command || 'find' in command);
  }

  const state = {
    _id: MODEL.name,
    revision: 1,
    generation: 0,
    newest: 1,
    cacheGeneration: 1,
    parked: 0,
    generations: { 1: { version: 1, position: '', eventId: '' } },
  };
  const cursor = { cursor: { id: Long.ZERO, ns: 'x.y', firstBatch: [state] } };

  test('is in the journals of a majority where there is one, and what is read is what a majority has', async () => {
    const set = (port: number) => ({ ...cursor, setName: 'rs', hosts: [`127.0.0.1:${port}`], me: `127.0.0.1:${port}`, setVersion: 1 });
    const commands = await commandsOf(await mongoDb([8, 0, 0, 0], 25, set));
    const writes = commands.filter((command) => !('find' in command));
    expect(writes.map((command) => Object.keys(command)[0])).toEqual(['insert', 'update']);
    for (const { writeConcern } of writes) expect(writeConcern).toMatchObject({ w: 'majority', j: true });
    for (const { find, readConcern } of commands) if (find) expect(readConcern).toEqual({ level: 'majority' });
  });

  test('is in the journal of the one server there is', async () => {
    const commands = await commandsOf(await mongoDb([4, 4, 0, 0], 9, () => cursor));
    for (const { find, writeConcern } of commands) if (!find) expect(writeConcern).toMatchObject({ w: 1, j: true });
  });

  test('replaces the model’s state only where nobody changed it, and needs no turn for it, where updates are single steps', async () => {
    const server = await mongoDb([8, 0, 0, 0], 25, () => cursor);
    const commands = await commandsOf(server);
    expect(commands.at(-1)).toMatchObject({ update: '_models', updates: [{ q: { _id: 'suite', revision: 1 } }] });
    expect(server.commands.some(({ insert }) => insert === '_turns')).toBe(false);
  });
});
