import { expect, it } from 'vitest';
import { reach, ServerRefused, withoutSecrets } from './reach.ts';

function listening() {
  const said: string[] = [];
  const say = (_: object, message: string) => said.push(message);
  return { said, waits: new Set<string>(), log: { info: say, warn: say } };
}

it('waits for a server until it answers, and says once for each reason what it waits for', async () => {
  const { said, waits, log } = listening();
  const seen: string[][] = [];
  let left = 4;
  const answer = await reach(
    'the store',
    async () => {
      seen.push([...waits]);
      if (left-- > 0) throw new Error(left > 1 ? 'connection refused' : 'still starting');
      return 'here';
    },
    { log, waits },
  );
  expect(answer).toBe('here');
  expect(seen).toEqual([[], ['the store'], ['the store'], ['the store'], ['the store']]);
  expect(waits.size).toBe(0);
  expect(said).toEqual(['waiting for the store: connection refused', 'waiting for the store: still starting', 'the store answers']);
});

it('does not wait for a server that refuses', async () => {
  const { waits, log } = listening();
  const refused = reach('the store', () => Promise.reject(new ServerRefused('wrong password')), { log, waits });
  await expect(refused).rejects.toThrow('wrong password');
});

it('gives up when its signal aborts', async () => {
  const { log } = listening();
  const ending = new AbortController();
  const waiting = reach('the store', () => Promise.reject(new Error('nobody there')), { log, signal: ending.signal });
  ending.abort();
  await expect(waiting).rejects.toBeDefined();
});

it('finds the reason inside what clients wrap around it', async () => {
  const { said, log } = listening();
  let tried = false;
  await reach(
    'it',
    async () => {
      if (tried) return;
      tried = true;
      throw new AggregateError([Object.assign(new Error(''), { code: 'ECONNREFUSED' })], '');
    },
    { log },
  );
  expect(said[0]).toBe('waiting for it: ECONNREFUSED');
});

it.each([
  ['amqp://user:secret@broker:5672/vhost?x=1', 'amqp://broker:5672'],
  ['esdb+discover://admin:changeit@one:2113,two:2113?tls=false', 'esdb+discover://one:2113,two:2113'],
  ['mongodb://localhost/db', 'mongodb://localhost'],
  ['redis://:p%40ss@cache', 'redis://cache'],
])('shows %s without its secrets', (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});
