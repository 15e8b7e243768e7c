import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { describeWith, redis } from '../../../servers/for-tests.fixture.ts';
import { entry, redisRig, rejected } from '../../cache/redis/redis.fixture.ts';

describeWith(redis, 'the connection of the cache', () => {
  const rig = redisRig();

  test('a Redis that was killed answers nothing, at once, and is used again when it is back', async () => {
    await rig.open();
    await rig.put('value');
    await rig.server().kill();
    expect(await rig.cache().get(['a', 'b'])).toEqual([undefined, undefined]);
    expect(await rig.cache().generations(['a'])).toBeUndefined();
    expect(await rejected(rig.put('lost'))).toMatchObject({ message: expect.stringMatching(/the cache at redis:/) });
    expect(await rejected(rig.cache().raise(['a']))).not.toBeNull();
    await rig.server().restart();
    await rig.works();
    const lines = [/^the cache cannot be used: the cache at redis:\/\/127/, /^the cache can be used again, after /];
    await vi.waitFor(() => expect(rig.log()).toEqual(lines.map((line) => expect.stringMatching(line))), 5_000);
  });

  test('every command that is under way when Redis is killed is settled, and none of them says that it was done', async () => {
    await rig.open();
    await rig.put('value');
    rig.pause();
    const reads = Array.from({ length: 50 }, () => rig.cache().get(['a']));
    const writes = Array.from({ length: 50 }, (_, n) => rejected(rig.cache().set([{ key: `${n}`, entry: entry('x'.repeat(100_000)) }], 60)));
    const raised = Array.from({ length: 50 }, () => rejected(rig.cache().raise(['tasks'])));
    await rig.server().kill();
    expect(await Promise.all(reads)).toEqual(Array(50).fill([undefined]));
    for (const one of await Promise.all([...writes, ...raised])) expect(one).toBeInstanceOf(Error);
  });

  test('a Redis that hangs is asked once, then no more until it goes on', async () => {
    await rig.open();
    await rig.put('value');
    rig.pause();
    expect(await rig.value()).toBeUndefined();
    const client = vi.spyOn(Redis.prototype, 'sendCommand');
    expect(await rig.value()).toBeUndefined();
    expect(client.mock.calls.filter(([command]) => command.name === 'mget')).toEqual([]);
    client.mockRestore();
    rig.goOn();
    await rig.works();
  });

  test('a Redis that is slow is left alone until it is not', async () => {
    await rig.open();
    await rig.admin().client('PAUSE', 500, 'ALL');
    await rig.givenUp();
    await rig.works();
    await vi.waitFor(() => expect(rig.log()).toHaveLength(2), 5_000);
  });

  test('a start without Redis goes on without it, says so once, and has it when it comes', async () => {
    await rig.server().stop();
    await rig.open();
    expect(await rig.value()).toBeUndefined();
    expect(rig.log()).toHaveLength(1);
    await rig.server().restart();
    await rig.works();
    await vi.waitFor(() => expect(rig.log().at(-1)).toMatch(/^the cache can be used again/), 5_000);
  });

  test('a start with a Redis that hangs goes on without it', async () => {
    rig.pause();
    await rig.open();
    expect(await rig.value()).toBeUndefined();
    rig.goOn();
    await rig.works();
  });

  test('nothing of the credentials is logged', async () => {
    const client = rig.admin();
    await client.config('SET', 'requirepass', 'right-password');
    await rig.open(rig.server().url.replace('//', '//:right-password@'));
    await rig.put('value');
    await rig.server().kill();
    await rig.givenUp();
    expect(rig.log().join()).not.toMatch(/right-password/);
  });

  describe('a start is refused', () => {
    const refusal = (url: string) => rejected(rig.open(url));

    test('with wrong credentials, in one line without them', async () => {
      const client = rig.admin();
      await client.config('SET', 'requirepass', 'right-password');
      for (const url of [
        rig.server().url,
        rig.server().url.replace('//', '//:wrong-password@'),
        rig.server().url.replace('//', '//nobody:wrong-password@'),
      ]) {
        const error = await refusal(url);
        expect(error?.name).toBe('ServerRefused');
        expect(error?.message).toMatch(/^the cache at redis:\/\/127\.0\.0\.1:\d+ refuses: (NOAUTH|WRONGPASS) [^\n]*$/);
        expect(error?.message).not.toMatch(/password@|wrong-password/);
      }
    });

    test('by a user who may not', async () => {
      const client = rig.admin();
      await client.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+get');
      expect(await refusal(rig.server().url.replace('//', '//limited:secret@'))).toMatchObject({
        name: 'ServerRefused',
        message: expect.stringMatching(/NOPERM/),
      });
    });

    test('with a database that is not there', async () => {
      expect(await refusal(`${rig.server().url}/4711`)).toMatchObject({ name: 'ServerRefused', message: expect.stringMatching(/DB index/) });
    });

    test('by what is not Redis, or is too old', async () => {
      expect(await refusal(await answering('HTTP/1.1 400 Bad Request\r\n\r\n'))).toMatchObject({
        name: 'ServerRefused',
        message: expect.stringMatching(/not Redis/),
      });
      const info = '# Server\r\nredis_version:5.0.14\r\nrun_id:abc\r\nloading:0\r\n';
      expect(await refusal(await answering(`$${info.length}\r\n${info}\r\n`))).toMatchObject({
        name: 'ServerRefused',
        message: expect.stringMatching(/is too old: version 5\.0\.14, and 6\.2 or later is needed$/),
      });
    });

    test.each([['redis:'], ['redis://'], ['redis://host:port'], ['rediss:///1']])('with %s, which is no URL', async (url) => {
      expect(await refusal(url)).toMatchObject({ name: 'ServerRefused', message: expect.stringMatching(/^CACHE_URL is not a URL of Redis/) });
    });
  });
});

const listening: TcpServer[] = [];
afterEach(() => {
  for (const one of listening.splice(0)) one.close();
});

/** Starts a server that answers everything with the same text; answers its URL. */
async function answering(text: string): Promise<string> {
  const tcp = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(text)));
  listening.push(tcp);
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  return `redis://127.0.0.1:${(tcp.address() as AddressInfo).port}`;
}
