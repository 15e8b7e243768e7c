import { describe, expect, it } from 'vitest';
import { openFairTurns } from './fair-turns.ts';

/** Turns of which each begins only once `one` was called: the order in which work began, and what was refused. */
function rig(waiting: number) {
  const inTurn = openFairTurns({ running: 1, waiting });
  const began: string[] = [];
  const refused: [string, string][] = [];
  let end = () => {};
  const ask = (name: string, key: string, known = false) =>
    inTurn({ key, known }, () => {
      began.push(name);
      return new Promise<void>((resolve) => {
        end = resolve;
      });
    }).catch((error) => refused.push([name, error.code]));
  /** Ends what runs, until nothing is left. */
  async function all(): Promise<string[]> {
    for (let before = -1; before !== began.length; ) {
      before = began.length;
      end();
      for (let n = 0; n < 20; n++) await Promise.resolve();
    }
    return began;
  }
  return { ask, all, refused };
}

describe('turns', () => {
  it('go round among networks: who asks most waits longest', async () => {
    const { ask, all } = rig(10);
    for (const n of [1, 2, 3, 4]) void ask(`crowd ${n}`, 'crowd');
    void ask('ann', 'home');
    void ask('bob', 'office');
    expect(await all()).toEqual(['crowd 1', 'crowd 2', 'ann', 'bob', 'crowd 3', 'crowd 4']);
  });

  it('are taken from the crowd where all places to wait are taken', async () => {
    const { ask, all, refused } = rig(3);
    for (const n of [1, 2, 3, 4, 5]) void ask(`crowd ${n}`, 'crowd');
    void ask('ann', 'home');
    expect(await all()).toEqual(['crowd 1', 'crowd 2', 'ann', 'crowd 3']);
    expect(refused).toEqual([
      ['crowd 5', 'limited'],
      ['crowd 4', 'limited'],
    ]);
  });

  it('of those who are known come every second time, and a crowd of strangers from anywhere leaves them a place', async () => {
    const { ask, all, refused } = rig(3);
    for (const n of [1, 2, 3, 4, 5]) void ask(`stranger ${n}`, `network ${n}`);
    void ask('ann', 'ann', true);
    void ask('bob', 'bob', true);
    const began = await all();
    expect(began.slice(0, 4)).toEqual(expect.arrayContaining(['ann', 'bob']));
    expect(refused).toEqual([['stranger 5', 'limited']]);
  });
});
