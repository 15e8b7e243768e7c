import { describe, expect, it } from 'vitest';
import { showProgress } from './progress.ts';

function watched(isTTY: boolean) {
  let text = '';
  let time = 0;
  const screen = { isTTY, columns: 200, write: (more: string) => (text += more) };
  const shown = showProgress('task_list', screen, () => time);
  const at = (events: number, of = 1_000) => ({ events, position: String(events).padStart(16, '0'), head: String(of).padStart(16, '0') });
  return {
    shown,
    at,
    after: (milliseconds: number) => {
      time += milliseconds;
    },
    text: () => text,
  };
}

describe('the progress of a rebuild', () => {
  it('is a bar that redraws itself on a terminal', () => {
    const { shown, at, after, text } = watched(true);
    after(1_000);
    shown.update(at(500));
    expect(text()).toBe(`\rtask_list  [${'#'.repeat(15)}${'.'.repeat(15)}]  50 %  500 events, 500/s\x1b[K`);
  });
  it('is a plain line now and then where there is no terminal', () => {
    const { shown, at, after, text } = watched(false);
    for (const events of [100, 200, 300, 400]) {
      after(1_000);
      shown.update(at(events));
    }
    expect(text()).toBe('task_list  20 %  200 events, 100/s\ntask_list  40 %  400 events, 100/s\n');
  });
  it('has no percentage where positions are no numbers', () => {
    const { shown, after, text } = watched(false);
    after(2_000);
    shown.update({ events: 10, position: 'C:5/P:5', head: 'C:9/P:9' });
    expect(text()).toBe('task_list  10 events, 5/s\n');
  });
  it.each([true, false])('ends with events, seconds and events a second (terminal: %s)', (isTTY) => {
    const { shown, text } = watched(isTTY);
    shown.done({ events: 1_234_567, seconds: 10 });
    expect(text()).toContain('task_list  1 234 567 events in 10.0 s, 123 457 events/s');
    expect(text().endsWith('\n')).toBe(true);
  });
});
