import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../user-error.ts';
import { Unavailable } from './unavailable.ts';
import { openStartPatience, type StartPatience } from './while-starting.ts';

class OvenUnavailable extends Unavailable {
  override readonly name = 'OvenUnavailable';
  readonly dependency = 'the oven';
  readonly answer = 'The oven is cold. Try again.';
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function starting(options: Partial<StartPatience> = {}) {
  const said: string[] = [];
  const say = (level: string) => (_: object, message: string) => void said.push(`${level} ${message}`);
  const log = { info: say('info'), warn: say('warn'), error: say('error') };
  const waits = new Set<string>();
  const stop = new AbortController();
  const whileStarting = openStartPatience({ log, waits, signal: stop.signal, lasts: () => false, ...options });
  return { whileStarting, said, waits, stop };
}

/** A step that fails so many times, with the times at which it was tried. */
function failing(times: number, error: () => Error = () => new OvenUnavailable('cold')) {
  const tried: number[] = [];
  const step = async () => {
    tried.push(Math.round(performance.now()));
    if (tried.length <= times) throw error();
    return 'bread';
  };
  return { step, tried };
}

describe('a step of a start', () => {
  it('is tried again after growing pauses while something is away, which /readyz names, and the log says it once', async () => {
    const { whileStarting, said, waits } = starting();
    const { step, tried } = failing(7);
    const result = whileStarting(step);
    await vi.advanceTimersByTimeAsync(50);
    expect([...waits]).toEqual(['the oven']);
    await vi.runAllTimersAsync();
    expect(await result).toBe('bread');
    const pauses = tried.slice(1).map((at, n) => at - (tried[n] ?? 0));
    expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000, 1_000]);
    expect([...waits]).toEqual([]);
    expect(said).toEqual(['error the oven cannot be used: cold']);
  });

  it('gives up with one line once its patience has ended', async () => {
    const { whileStarting, said, waits } = starting({ patience: 10_000 });
    const { step, tried } = failing(1_000, () => new Error('no bread', { cause: new OvenUnavailable('cold') }));
    const refused = expect(whileStarting(step)).rejects.toThrow(
      new UserError('The start gives up: the oven could not be used for 10 s (cold). Look there, and start again.'),
    );
    await vi.runAllTimersAsync();
    await refused;
    expect(tried.length).toBeGreaterThan(5);
    expect([said.length, waits.size]).toEqual([1, 0]);
  });

  it.each([
    ['an error that is no absence', () => new TypeError('a bug'), {}],
    ['an absence that lasts', () => new OvenUnavailable('no oven'), { lasts: () => true }],
  ] as const)('is not tried again after %s', async (_, error, options) => {
    const { whileStarting, said } = starting(options);
    const { step, tried } = failing(1, error);
    await expect(whileStarting(step)).rejects.toThrow(error());
    expect([tried.length, said]).toEqual([1, []]);
  });

  it('ends with the start, also while it waits', async () => {
    const { whileStarting, stop } = starting();
    const { step, tried } = failing(1_000);
    const refused = expect(whileStarting(step)).rejects.toThrow('stopped');
    await vi.advanceTimersByTimeAsync(150);
    stop.abort(new Error('stopped'));
    await refused;
    expect(tried).toHaveLength(2);
  });
});
