import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { absencesIn } from './absences.ts';
import { Unavailable } from './unavailable.ts';
import { watched } from './watched.ts';

class LampUnavailable extends Unavailable {
  override readonly name = 'LampUnavailable';
  readonly dependency = 'the lamp';
  readonly answer = 'The lamp is off. Try again.';
}

function listening() {
  const said: string[] = [];
  const say = (level: string) => (_: object, message: string) => void said.push(`${level} ${message}`);
  return { said, log: { info: say('info'), warn: say('warn'), error: say('error') } };
}

/** Longer than a dependency must be well before it counts as back. */
const QUIET = 1_001;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the absence of a dependency', () => {
  it('is one line when it goes and one when it is back, with the count between', () => {
    const { said, log } = listening();
    for (let n = 0; n < 1_000; n++) expect(absencesIn(log).failed(new LampUnavailable(`broken ${n}`))).toBe(true);
    expect(said).toEqual(['error the lamp cannot be used: broken 0']);
    absencesIn(log).answered('the lamp');
    vi.advanceTimersByTime(QUIET);
    expect(said.slice(1)).toEqual([expect.stringMatching(/^info the lamp can be used again, after \d+(\.\d+)? s and 1000 failures$/)]);
    expect(absencesIn(log).failures()).toEqual({ 'the lamp': 1_000 });
  });

  it('lasts while only some of what is asked of it works', () => {
    const { said, log } = listening();
    const absences = absencesIn(log);
    for (let n = 0; n < 100; n++) {
      absences.failed(new LampUnavailable('dim'));
      absences.answered('the lamp');
      vi.advanceTimersByTime(500);
    }
    expect(said).toHaveLength(1);
  });

  it('writes no more lines than two for each second, whatever comes when', () => {
    const step = fc.oneof(fc.constant('fails' as const), fc.constant('answers' as const), fc.nat(1_500));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const { said, log } = listening();
        let passed = 0;
        for (const one of steps) {
          if (one === 'fails') absencesIn(log).failed(new LampUnavailable('dim'));
          else if (one === 'answers') absencesIn(log).answered('the lamp');
          else {
            vi.advanceTimersByTime(one);
            passed += one;
          }
        }
        expect(said.length).toBeLessThanOrEqual(1 + (2 * passed) / 1_000);
        expect(said.every((line, n) => line.startsWith(n % 2 === 0 ? 'error' : 'info'))).toBe(true);
      }),
    );
  });

  it('is found behind the error that it caused, and counted once however often it is told', () => {
    const { log } = listening();
    const cause = new LampUnavailable('off');
    for (const error of [cause, new Error('no light', { cause }), cause]) expect(absencesIn(log).failed(error)).toBe(true);
    expect(absencesIn(log).failures()).toEqual({ 'the lamp': 1 });
  });

  it('is not what any other error says', () => {
    const { said, log } = listening();
    const circle = new Error('its own cause');
    circle.cause = circle;
    for (const error of [new TypeError('a bug'), undefined, 'text', circle]) expect(absencesIn(log).failed(error)).toBe(false);
    expect(said).toEqual([]);
  });
});

describe('a watched port', () => {
  async function* pages(fails: boolean) {
    yield [1];
    if (fails) throw new LampUnavailable('went out');
  }

  async function allOf<T>(iteration: AsyncIterable<T>): Promise<T[]> {
    const all: T[] = [];
    for await (const one of iteration) all.push(one);
    return all;
  }

  it('answers and fails as the port does, and tells of it', async () => {
    const { said, log } = listening();
    let off = true;
    const shine = async (colour: string) => {
      if (off) throw new LampUnavailable('off');
      return colour;
    };
    const lamp = watched({ shine, pages, colours: 3, dim: () => 'dimmed', close: async () => {} }, 'the lamp', log);
    await expect(lamp.shine('red')).rejects.toThrow('off');
    await expect(allOf(lamp.pages(true))).rejects.toThrow('went out');
    expect([lamp.colours, lamp.dim(), absencesIn(log).failures()]).toEqual([3, 'dimmed', { 'the lamp': 2 }]);
    off = false;
    expect(await lamp.shine('green')).toBe('green');
    vi.advanceTimersByTime(QUIET);
    expect(await allOf(lamp.pages(false))).toEqual([[1]]);
    expect(said).toHaveLength(2);
    await lamp.close();
    off = true;
    await expect(lamp.shine('red')).rejects.toThrow('off');
    expect(said).toHaveLength(2);
  });
});
