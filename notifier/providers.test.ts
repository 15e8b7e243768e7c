import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Providers, throughProviders } from './providers.ts';
import { FateUnknown, NotNow, ReceiverAway, Refused, type Taken, Unusable } from './sending.ts';

type Fate = Error | Taken;
const { signal } = new AbortController();
let asked: string[];
let logged: string[];
let fates: Record<string, Fate>;
beforeEach(() => {
  asked = [];
  logged = [];
  fates = {};
});

function providers(...labels: string[]): Providers<string> {
  const line = (_: object, message: string) => void logged.push(message);
  return throughProviders(
    labels.map((label) => ({
      label,
      send: async () => {
        asked.push(label);
        const fate = fates[label] ?? {};
        return fate instanceof Error ? Promise.reject(fate) : fate;
      },
    })),
    { variable: 'MAIL_URL', log: { error: line, info: line } },
  );
}
const failure = (it: Providers<string>) =>
  it.send('hello', signal).then(
    () => undefined,
    (error: Error) => error,
  );

describe('several providers', () => {
  it('are asked in their order, and the one that took it is named', async () => {
    expect(await providers('a', 'b').send('hello', signal)).toEqual({ provider: 'a' });
    expect(asked).toEqual(['a']);
  });
  it.each([
    ['nobody listens', new Error('connect ECONNREFUSED')],
    ['it is refused for good', new Refused('550 no')],
    ['it is refused for now', new NotNow('451 later', 0)],
    ['nothing can be sent as the provider is set', new Unusable('no TLS')],
  ])('get what was surely not taken one after the other: %s', async (_, error) => {
    fates = { a: error, b: { providerId: 'SM1' } };
    expect(await providers('a', 'b').send('hello', signal)).toEqual({ providerId: 'SM1', provider: 'b' });
  });
  it('get nothing that another one may have taken', async () => {
    fates = { a: new FateUnknown('closed') };
    expect(await failure(providers('a', 'b'))).toBeInstanceOf(FateUnknown);
    expect(asked).toEqual(['a']);
  });
  it('get nothing more once the attempt is over', async () => {
    const over = AbortSignal.abort(new Error('its worker had to end'));
    fates = { a: new Error('aborted') };
    await expect(providers('a', 'b').send('hello', over)).rejects.toThrow('aborted');
    expect(asked).toEqual(['a']);
  });
  it.each([
    ['refused where all refused', [new Refused('550'), new Refused('554')], Refused],
    ['refused where all refused that could be used', [new Unusable('no TLS'), new Refused('554')], Refused],
    ['to be tried again where one may take it yet', [new Refused('550'), new NotNow('429', 9_000)], NotNow],
    ['waiting where all are away', [new ReceiverAway('smtp', 'no'), new ReceiverAway('smtp', 'no')], ReceiverAway],
    ['to be tried again where one refused and the other is away, which counts', [new ReceiverAway('smtp', 'no'), new Refused('550')], Error],
    ['refused for now where one is away and the other said so', [new ReceiverAway('smtp', 'no'), new NotNow('429', 9_000)], NotNow],
    ['waiting where none can be used', [new Unusable('no TLS'), new Unusable('no TLS')], Unusable],
  ])('leave it %s', async (_, [a, b], kind) => {
    fates = { a: a as Error, b: b as Error };
    const error = await failure(providers('a', 'b'));
    expect(error).toBeInstanceOf(kind);
    expect(error instanceof ReceiverAway).toBe(kind === ReceiverAway);
  });
  it('are asked again as soon as the first one wants', async () => {
    fates = { a: new NotNow('429', 9_000), b: new NotNow('429', 3_000) };
    expect(await failure(providers('a', 'b'))).toMatchObject({ after: 3_000 });
  });
  it('come last where they fail again and again, are tried again by one message after a while, and then come in their turn', async () => {
    const it = providers('a', 'b');
    fates = { a: new Error('connect ECONNREFUSED') };
    for (let n = 0; n < 7; n++) await it.send('hello', signal);
    expect(asked.filter((label) => label === 'a')).toHaveLength(5);
    expect(logged).toEqual(['MAIL_URL: the provider fails; others come first']);
    // It is asked yet where nobody else takes the message.
    fates = { b: new Refused('550') };
    expect(await it.send('hello', signal)).toEqual({ provider: 'a' });
    asked = [];
    await it.send('hello', signal);
    expect([asked, logged.at(-1)]).toEqual([['a'], 'MAIL_URL: the provider works again, and comes in its turn']);
  });
  it('do not come last for refusing messages: that is an answer', async () => {
    const it = providers('a', 'b');
    fates = { a: new Refused('550') };
    for (let n = 0; n < 9; n++) await it.send('hello', signal);
    expect(asked.filter((label) => label === 'a')).toHaveLength(9);
  });
});

describe('one provider', () => {
  it('is named nowhere, and is asked however often it failed', async () => {
    const it = providers('a');
    fates = { a: new Error('connect ECONNREFUSED') };
    for (let n = 0; n < 9; n++) expect(await failure(it)).toEqual(fates.a);
    fates = {};
    expect([await it.send('hello', signal), asked.length, it.isUsable()]).toEqual([{}, 10, true]);
  });
  it('that cannot be used as it is set is left alone, with one line', async () => {
    const it = providers('a');
    fates = { a: new Unusable('it offers no TLS') };
    for (let n = 0; n < 9; n++) expect(await failure(it)).toBeInstanceOf(Unusable);
    expect([asked, logged, it.isUsable()]).toEqual([['a'], ['MAIL_URL: messages wait: it offers no TLS'], false]);
  });
  it('that is away is left alone after five failures, of which the log of absences tells, and is asked by one message after a while', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const it = providers('a');
    fates = { a: new ReceiverAway('smtp', new Error('connect ECONNREFUSED')) };
    for (let n = 0; n < 9; n++) expect(await failure(it)).toBe(fates.a);
    expect([asked.length, logged, it.isUsable()]).toEqual([5, [], false]);
    vi.advanceTimersByTime(30_001);
    expect(it.isUsable()).toBe(true);
    await failure(it);
    expect([asked.length, it.isUsable()]).toEqual([6, false]);
    vi.advanceTimersByTime(30_001);
    fates = {};
    await it.send('hello', signal);
    for (let n = 0; n < 20; n++) await it.send('hello', signal);
    expect([asked.length, logged, it.isUsable()]).toEqual([27, [], true]);
  });
});
